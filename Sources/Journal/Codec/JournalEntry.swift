/// A record as bytes.
protocol JournalEntry {
    static var kind: RecordKind { get }
    /// Bytes of the longest payload.
    static var maximumPayload: Int { get }
    /// Bytes of this record's payload: exactly what `encode` writes.
    var payloadSize: Int { get }

    func encode(into encoder: inout RecordEncoder)
}

extension JournalEntry {
    /// Bytes that the longest record of this kind takes in a segment; what is reserved for one.
    static var maximumSize: Int { SegmentFormat.size(payload: self.maximumPayload) }
}

extension LentRecord {
    /// Why the bytes of a record with a right checksum are none all the same.
    enum DecodingFailure: Error {
        case kind(UInt8)
        case content
    }

    /// Reads a record's kind and payload; texts stay where they are, in `body`.
    init(decoding body: UnsafeRawBufferPointer) throws(DecodingFailure) {
        guard let first = unsafe body.first else { throw .content }
        guard let kind = RecordKind(rawValue: first) else { throw .kind(first) }
        var decoder = unsafe RecordDecoder(UnsafeRawBufferPointer(rebasing: body.dropFirst()))
        do throws(RecordDecoder.Malformed) {
            switch kind {
            case .begin: self = .begin(try Begin(from: &decoder))
            case .attempt: self = .attempt(try Attempt(from: &decoder))
            case .attemptEnd: self = .attemptEnd(try AttemptEnd(from: &decoder))
            case .settle: self = .settle(try Settle(from: &decoder))
            }
            try decoder.finish()
        } catch {
            throw .content
        }
    }
}
