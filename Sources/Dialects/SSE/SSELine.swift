internal import Glibc

/// Lines of an event stream: what ends them and what they say.
enum SSELine {
    /// How far a search for a line end looks at a time. Both line ends are searched for, and a bound on each search
    /// keeps a stream that uses only one of them from costing the square of its length.
    private static let window = 512

    /// The offset of the first LF or CR at or behind `start`; nil where there is none.
    static func end(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = bytes.baseAddress, start >= 0 else { return nil }
        var at = start
        while at < bytes.count {
            let length = min(self.window, bytes.count &- at)
            let lineFeed = unsafe self.first(0x0A, base + at, length)
            if let found = unsafe self.first(0x0D, base + at, lineFeed ?? length) ?? lineFeed { return at &+ found }
            at &+= length
        }
        return nil
    }

    /// The range of a `data` line's value; nil for any other line.
    static func dataValue(_ raw: UnsafeRawBufferPointer, _ line: Range<Int>) -> Range<Int>? {
        guard
            line.count >= 4,
            unsafe raw.loadUnaligned(fromByteOffset: line.lowerBound, as: UInt32.self).bigEndian == 0x6461_7461
        else { return nil }
        var value = line.lowerBound &+ 4
        // A line without a colon is a field with an empty value.
        guard value < line.upperBound else { return value..<value }
        guard unsafe raw[value] == UInt8(ascii: ":") else { return nil }
        value &+= 1
        if value < line.upperBound, unsafe raw[value] == 0x20 { value &+= 1 }
        return value..<line.upperBound
    }

    private static func first(_ byte: CInt, _ base: UnsafeRawPointer, _ count: Int) -> Int? {
        guard let found = unsafe memchr(base, byte, count) else { return nil }
        return unsafe UnsafeRawPointer(found) - base
    }
}
