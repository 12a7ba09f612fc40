internal import Glibc

/// Counts the images of a reply that passes, however it is cut: the objects of the lists among its outermost members. Pure.
///
/// Images are long strings, which are stepped over by their quotes alone.
struct ImageCount {
    private(set) var images: Int64 = 0
    private var depth = 0
    /// The bracket that was opened inside the outermost one is a list's.
    private var isInList = false
    private var isInString = false
    /// The bytes so far end with a backslash that belongs to the next byte.
    private var isEscaped = false

    init() {}

    mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        while index < bytes.count {
            if self.isInString {
                index = unsafe self.stepOverString(bytes, from: index)
            } else {
                unsafe self.read(bytes[index])
                index &+= 1
            }
        }
    }

    private mutating func read(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): self.isInString = true
        case UInt8(ascii: "{"):
            if self.depth == 2, self.isInList { self.images &+= 1 }
            self.open(isList: false)
        case UInt8(ascii: "["): self.open(isList: true)
        case UInt8(ascii: "}"), UInt8(ascii: "]"): self.depth &-= 1
        default: break
        }
    }

    private mutating func open(isList: Bool) {
        if self.depth == 1 { self.isInList = isList }
        self.depth &+= 1
    }

    /// Where the string ends that goes on at `start`, behind its quote; or the end of the bytes.
    private mutating func stepOverString(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        guard let base = bytes.baseAddress else { return bytes.count }
        var from = start
        while from < bytes.count {
            let quote =
                unsafe memchr(base + from, CInt(UInt8(ascii: "\"")), bytes.count &- from)
                .map { unsafe UnsafeRawPointer($0) - base } ?? bytes.count
            var slash = quote
            while slash > from, unsafe bytes[slash &- 1] == UInt8(ascii: "\\") { slash &-= 1 }
            // A run of backslashes that began with the piece before goes on from there.
            let isOdd = (quote &- slash) & 1 == 1
            let isEscaped = slash == from ? isOdd != self.isEscaped : isOdd
            self.isEscaped = quote == bytes.count && isEscaped
            if quote < bytes.count, !isEscaped {
                self.isInString = false
                return quote &+ 1
            }
            from = quote &+ 1
        }
        return bytes.count
    }
}
