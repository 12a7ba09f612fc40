internal import Glibc
internal import JSON

/// Finds a count inside an object that is kept as it is.
enum NestedCount {
    /// The count behind the first member of that name, at whatever depth, that has one; `name` has its quotes.
    static func find(_ name: StaticString, in object: UnsafeRawBufferPointer) -> Int64? {
        let length = name.utf8CodeUnitCount
        guard object.count > length, let base = object.baseAddress else { return nil }
        for start in 0..<(object.count &- length) where unsafe memcmp(base + start, name.utf8Start, length) == 0 {
            if let value = unsafe self.integer(object, from: start &+ length) { return value }
        }
        return nil
    }

    private static func endsNumber(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }

    /// The integer behind a colon.
    private static func integer(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int64? {
        var start = start
        while start < bytes.count, unsafe bytes[start] <= 0x20 { start &+= 1 }
        guard start < bytes.count, unsafe bytes[start] == UInt8(ascii: ":") else { return nil }
        start &+= 1
        while start < bytes.count, unsafe bytes[start] <= 0x20 { start &+= 1 }
        var end = start
        while end < bytes.count, unsafe !self.endsNumber(bytes[end]) { end &+= 1 }
        guard let value = unsafe JSONScalar.integer(UnsafeRawBufferPointer(rebasing: bytes[start..<end])), value >= 0
        else { return nil }
        return value
    }
}
