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

    /// Reads a record's kind and payload and shows it to `visitor`; texts stay where they are, in `body`.
    static func show(_ body: UnsafeRawBufferPointer, to visitor: any RecordVisitor) throws(DecodingFailure) {
        guard let first = unsafe body.first else { throw .content }
        guard let kind = RecordKind(rawValue: first) else { throw .kind(first) }
        var decoder = unsafe RecordDecoder(UnsafeRawBufferPointer(rebasing: body[1...]))
        switch kind {
        case .begin:
            let begin = Begin(from: &decoder)
            guard decoder.isWhole else { throw .content }
            visitor.visit(begin)
        case .attempt:
            let attempt = Attempt(from: &decoder)
            guard decoder.isWhole else { throw .content }
            visitor.visit(attempt)
        case .attemptEnd:
            let end = AttemptEnd(from: &decoder)
            guard decoder.isWhole else { throw .content }
            visitor.visit(end)
        case .settle:
            let settle = Settle(from: &decoder)
            guard decoder.isWhole else { throw .content }
            visitor.visit(settle)
        }
    }
}
