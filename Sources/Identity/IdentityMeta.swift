public import Domain

/// The table's row about itself: which database it was made from and up to which change.
///
/// The bytes: "SLID", u32 format version (2), u64 change number, 16 bytes of the database's id; big-endian.
public struct IdentityMeta: Hashable, Sendable {
    /// Its key, which no digest can be: those have 32 bytes.
    static let key = Array("meta".utf8)
    private static let magic = Array("SLID".utf8)
    /// Version 1 had keys alone. It is read, and becomes version 2 with the next change.
    private static let version: UInt32 = 2
    private static let readableVersions: ClosedRange<UInt32> = 1...2
    private static let size = 32

    /// The number of the last change that is in the table.
    public var sequence: UInt64
    /// The control database it follows.
    public var source: EntityID

    public init(sequence: UInt64, source: EntityID) {
        self.sequence = sequence
        self.source = source
    }

    var encoded: [UInt8] {
        var bytes = Self.magic
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: Self.version >> shift))
        }
        for value in [self.sequence, self.source.high, self.source.low] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        return bytes
    }

    /// nil for anything `encoded` does not make.
    init?(decoding bytes: [UInt8]) {
        guard bytes.count == Self.size, bytes.starts(with: Self.magic) else { return nil }
        let version = bytes[4..<8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard Self.readableVersions.contains(version) else { return nil }
        let numbers = stride(from: 8, to: Self.size, by: 8).map { start in
            bytes[start..<(start + 8)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        self.init(sequence: numbers[0], source: EntityID(high: numbers[1], low: numbers[2]))
    }
}
