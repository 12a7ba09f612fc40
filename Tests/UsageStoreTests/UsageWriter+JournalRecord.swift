import Database
import Domain

@testable import Journal
@testable import UsageStore

extension JournalRecord {
    /// Kind and payload, as in a segment.
    var encodedBody: [UInt8] {
        func body(_ entry: some JournalEntry) -> [UInt8] {
            let count = entry.payloadSize
            return unsafe [UInt8](unsafeUninitializedCapacity: count + 1) { buffer, filled in
                guard let base = buffer.baseAddress else { return }
                unsafe base[0] = type(of: entry).kind.rawValue
                var encoder = unsafe RecordEncoder(UnsafeMutableRawPointer(base + 1), count: count)
                entry.encode(into: &encoder)
                filled = encoder.isWhole ? count + 1 : 0
            }
        }
        return switch self {
        case .begin(let record): body(record)
        case .attempt(let record): body(record)
        case .attemptEnd(let record): body(record)
        case .settle(let record): body(record)
        }
    }
}

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
