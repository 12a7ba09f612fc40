import Database
import Domain

@testable import Journal
@testable import UsageStore

extension UsageWriter {
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
}
