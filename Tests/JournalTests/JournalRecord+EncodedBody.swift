import Domain

@testable import Journal

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
