import Domain

// How rows of the table hold limits: a mask of 16 bits, bit `kind.rawValue` for each kind that is there, and behind the rest
// of the row 8 bytes for each of them, in the order of the kinds. Big-endian.
extension LimitSet {
    /// The bits that stand for a kind.
    private static let knownMask = LimitKind.allCases.reduce(UInt16(0)) { $0 | 1 << UInt16($1.rawValue) }

    /// Whether each bit of a mask stands for a kind.
    static func isMask(_ mask: UInt16) -> Bool { mask & ~Self.knownMask == 0 }

    /// Appends the values.
    func append(to bytes: inout [UInt8]) {
        for kind in LimitKind.allCases { if let value = self[kind] { bytes.append(bigEndian: value) } }
    }

    /// Reads the values of a mask; false where one is negative. The caller has checked that they are all there.
    mutating func read(mask: UInt16, from reader: inout RowReader) -> Bool {
        var rest = mask
        while rest != 0 {
            guard let kind = LimitKind(rawValue: UInt8(rest.trailingZeroBitCount)),
                let value = Int64(exactly: reader.next(UInt64.self))
            else { return false }
            self[kind] = value
            rest &= rest &- 1
        }
        return true
    }
}

extension [UInt8] {
    /// Appends the bytes of an integer, the highest first.
    mutating func append(bigEndian value: some FixedWidthInteger) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe self.append(contentsOf: $0) }
    }

    /// Appends the 16 bytes of an id.
    mutating func append(_ id: EntityID) {
        self.append(bigEndian: id.high)
        self.append(bigEndian: id.low)
    }
}
