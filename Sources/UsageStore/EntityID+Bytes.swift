import Domain

extension EntityID {
    /// The 16 bytes of a column, most significant first.
    var bytes: [UInt8] {
        (0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? self.high : self.low) >> UInt64(56 - 8 * ($0 & 7))) }
    }

    /// Nil for anything but 16 bytes.
    init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }, low: bytes[8...].reduce(0) { $0 << 8 | UInt64($1) })
    }
}

extension RecordID {
    /// The 16 bytes of a column, most significant first: their order is that of the records.
    var bytes: [UInt8] { EntityID(high: self.high, low: self.low).bytes }

    /// Nil for anything but 16 bytes.
    init?(bytes: [UInt8]) {
        guard let id = EntityID(bytes: bytes) else { return nil }
        self.init(high: id.high, low: id.low)
    }

    /// Before every record of `milliseconds` since 1970 and later, and after every one before.
    static func first(atMilliseconds milliseconds: UInt64) -> RecordID {
        RecordID(high: min(milliseconds, 0xFFFF_FFFF_FFFF) << 16, low: 0)
    }
}
