/// Packs numbers as `RowScratch` does, into bytes of its own: for what is written seldom.
struct PackedWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ value: UInt64) { self.bytes.append(packing: value) }
}

extension [UInt8] {
    /// Seven bits a byte, the lowest first: what `PackedReader` reads.
    @inline(__always)
    mutating func append(packing value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.append(UInt8(truncatingIfNeeded: rest))
    }
}
