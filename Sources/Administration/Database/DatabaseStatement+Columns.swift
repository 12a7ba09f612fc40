import Database
import Domain

// Ids and times as the tables have them.
extension DatabaseStatement {
    /// Binds the 16 bytes of an id; NULL for nil.
    func bind(_ number: Int, id: EntityID?) throws(DatabaseError) {
        guard let id else { return try self.bindNull(number) }
        try self.bind(number, blob: id.bytes)
    }

    /// An id; nil for anything that has not 16 bytes.
    func id(_ column: Int) -> EntityID? { EntityID(bytes: self.bytes(column)) }

    /// Binds milliseconds since 1970; NULL for nil.
    func bind(_ number: Int, time: UInt64?) throws(DatabaseError) {
        try self.bind(number, time.map { Int64(clamping: $0) })
    }

    /// Milliseconds since 1970; nil for NULL.
    func time(_ column: Int) -> UInt64? { self.optionalInteger(column).map { UInt64(clamping: $0) } }
}

extension EntityID {
    /// The 16 bytes, the highest first.
    var bytes: [UInt8] {
        [self.high, self.low].flatMap { word in
            stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
        }
    }

    /// nil for anything that has not 16 bytes.
    init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        let words = [bytes[..<8], bytes[8...]].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        self.init(high: words[0], low: words[1])
    }
}
