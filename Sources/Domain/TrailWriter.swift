/// Writes the bytes of a decision trail.
struct TrailWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) {
        self.bytes.reserveCapacity(capacity)
    }

    mutating func append(byte: UInt8) { self.bytes.append(byte) }

    /// Seven bits a byte, least first, the top bit set where more follow.
    mutating func append(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func append(_ number: UInt32) { self.append(UInt64(number)) }

    /// One that is at least 0; a smaller one counts as 0.
    mutating func append(_ number: Int64) { self.append(UInt64(max(0, number))) }

    /// A longer text ends with its last whole character before `maximum`.
    mutating func append(_ text: [UInt8], _ maximum: Int) {
        var end = min(text.count, maximum)
        if end < text.count {
            var start = end
            while start > 0, end - start < 3, text[start] & 0xC0 == 0x80 { start -= 1 }
            if text[start] & 0xC0 != 0x80 { end = start }
        }
        self.append(UInt32(clamping: end))
        self.bytes += text[..<end]
    }

    mutating func append(_ list: (count: Int, bytes: [UInt8]), more: UInt32) {
        self.append(UInt32(clamping: list.count))
        self.bytes += list.bytes
        self.append(more)
    }

    /// The first of a list that take at most `room` bytes.
    static func fitting<Item>(
        _ items: [Item], room: Int, _ append: (inout TrailWriter, Item) -> Void
    ) -> (count: Int, bytes: [UInt8]) {
        var writer = TrailWriter()
        var count = 0
        for item in items {
            let before = writer.bytes.count
            append(&writer, item)
            guard writer.bytes.count <= room else {
                writer.bytes.removeSubrange(before...)
                break
            }
            count += 1
        }
        return (count, writer.bytes)
    }
}
