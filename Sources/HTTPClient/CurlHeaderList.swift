internal import CCurl
internal import Glibc

/// A list of header lines in the shape libcurl reads. It owns the memory; it must outlive every handle it is set on.
// SAFETY: `first` and every node behind it up to `tail` are allocated in `init` and freed once in `deinit`; nothing changes
// them between. What begins at `tail` is another list's, whose owner outlives this one.
@safe
final class CurlHeaderList {
    private(set) var first: UnsafeMutablePointer<curl_slist>?
    /// The same list behind an empty `Expect:` line. libcurl would announce a body above 1 MiB with `Expect: 100-continue`
    /// and wait a second for the answer; smaller ones need not pay for the line.
    private(set) var firstWithoutExpect: UnsafeMutablePointer<curl_slist>?
    private let tail: UnsafeMutablePointer<curl_slist>?

    /// Lines with CR, LF or NUL in them are left out: they would be more than one line.
    init(_ lines: [[UInt8]]) {
        unsafe self.tail = nil
        unsafe self.first = nil
        unsafe self.firstWithoutExpect = nil
        self.prepend(lines)
        unsafe self.firstWithoutExpect = self.first
        self.prepend(Array("Expect:".utf8))
    }

    /// Lines in front of those that begin at `tail`.
    init(_ lines: [[UInt8]], before tail: UnsafeMutablePointer<curl_slist>?) {
        unsafe self.tail = tail
        unsafe self.first = tail
        unsafe self.firstWithoutExpect = nil
        self.prepend(lines)
    }

    /// Neither CR, LF nor NUL is in it.
    static func isLine(_ line: some Sequence<UInt8>) -> Bool {
        !line.contains { $0 == 0 || $0 == 0x0A || $0 == 0x0D }
    }

    private func prepend(_ lines: [[UInt8]]) {
        for line in lines.reversed() where CurlHeaderList.isLine(line) {
            self.prepend(line)
        }
    }

    private func prepend(_ line: [UInt8]) {
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: line.count + 1)
        for (index, byte) in line.enumerated() { unsafe text[index] = CChar(bitPattern: byte) }
        unsafe text[line.count] = 0
        let node = UnsafeMutablePointer<curl_slist>.allocate(capacity: 1)
        unsafe node.initialize(to: curl_slist(data: text, next: self.first))
        unsafe self.first = node
    }

    deinit {
        var next = unsafe self.first
        while let node = unsafe next, unsafe node != self.tail {
            unsafe next = node.pointee.next
            unsafe node.pointee.data.deallocate()
            unsafe node.deallocate()
        }
    }
}
