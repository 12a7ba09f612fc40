/// Reads what `TrailWriter` has written, and nothing else.
struct TrailReader {
    struct Malformed: Error {}

    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { self.offset == self.bytes.count }

    mutating func byte() throws(Malformed) -> UInt8 {
        guard self.offset < self.bytes.count else { throw Malformed() }
        defer { self.offset += 1 }
        return self.bytes[self.offset]
    }

    /// In as few bytes as it takes, as it is written.
    mutating func wide() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try self.byte()
            // The tenth byte has room for one bit.
            guard shift < 63 || byte <= 1 else { throw Malformed() }
            value |= UInt64(byte & 0x7F) << shift
            guard byte & 0x80 == 0 else { continue }
            guard byte != 0 || shift == 0 else { throw Malformed() }
            return value
        }
        throw Malformed()
    }

    mutating func number() throws(Malformed) -> UInt32 {
        guard let number = UInt32(exactly: try self.wide()) else { throw Malformed() }
        return number
    }

    mutating func amount() throws(Malformed) -> Int64 {
        guard let amount = Int64(exactly: try self.wide()) else { throw Malformed() }
        return amount
    }

    mutating func text(_ maximum: Int) throws(Malformed) -> [UInt8] {
        let count = Int(try self.number())
        guard count <= maximum, self.bytes.count - self.offset >= count else { throw Malformed() }
        defer { self.offset += count }
        return Array(self.bytes[self.offset..<self.offset + count])
    }
}
