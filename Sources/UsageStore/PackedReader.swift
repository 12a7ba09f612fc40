/// Reads what a `RowScratch` has packed. Beyond the end, and for numbers that are none, it reads zeros: a row that an older
/// version wrote shorter is read by a newer one.
struct PackedReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func next() -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while self.place < self.bytes.count, shift < 64 {
            let byte = self.bytes[self.place]
            self.place += 1
            value |= UInt64(byte & 0x7F) << shift
            guard byte & 0x80 != 0 else { return value }
            shift += 7
        }
        return value
    }

    /// A number that was written from an Int64.
    mutating func nextSigned() -> Int64 { Int64(bitPattern: self.next()) }

    /// What nobody has read yet.
    var rest: [UInt8] { Array(self.bytes[self.place...]) }

    mutating func nextByte() -> UInt8 { UInt8(truncatingIfNeeded: self.next()) }
}
