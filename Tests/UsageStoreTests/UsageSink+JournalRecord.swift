import Database
import Domain

@testable import Journal
@testable import UsageStore

extension UsageSink {
    /// Adds a record as it comes from a segment.
    func add(_ record: JournalRecord, owner: UInt32) throws {
        try self.add(encoded: record.encodedBody, owner: owner)
    }

    /// Adds a record by its kind and payload.
    func add(encoded bytes: [UInt8], owner: UInt32) throws {
        try unsafe bytes.withUnsafeBytes { bytes in
            try self.add(unsafe LentRecord(decoding: bytes), owner: owner)
        }
    }

    /// One batch of records, of the host 0xABCDEF, its edge 7 and its upstream 9.
    func apply(_ batch: [JournalRecord]) throws {
        try self.begin()
        let edge = try self.owner(host: 0xABCDEF, instance: 7, role: .edge)
        let upstream = try self.owner(host: 0xABCDEF, instance: 9, role: .upstream)
        for record in batch {
            switch record {
            case .begin, .settle: try self.add(record, owner: edge)
            case .attempt, .attemptEnd: try self.add(record, owner: upstream)
            }
        }
        try self.commit()
    }
}
