internal import CSimdJSON

/// Finds the structure of JSON texts: owns one simdjson parser and its buffers, and hands out cursors over them.
///
/// Lives on one loop and is shared by everything on it: a cursor exists only while its closure runs. Buffers grow by
/// doubling to the longest text seen and are freed after a text that made them grow over 1 MiB, so a steady load
/// allocates nothing and one huge body leaves nothing behind.
///
/// What indexing proves: the whole text is UTF-8, every string is closed, no string holds a raw control character.
/// Commas, colons and brackets are checked by the cursor as far as it walks. Scalars that are stepped over are NOT
/// checked (`tru`, `1..2e`), nor are the escapes in strings; `JSONScalar` and `JSONText` check the ones that are kept.
@safe public final class JSONIndexer {
    /// Readable bytes that have to follow a text for it to be read in place.
    public static let padding = Int(SLUICE_JSON_PADDING)

    static let retainedBytes = 1 << 20

    private let parser: OpaquePointer?
    private var isReading = false
    private let copy = PaddedBuffer()

    public init() {
        unsafe self.parser = sluice_json_parser_create(0)
    }

    deinit {
        unsafe sluice_json_parser_destroy(self.parser)
    }

    /// The longest text, in bytes, that can be read without allocating.
    public var capacity: Int {
        guard let parser = unsafe self.parser else { return 0 }
        return unsafe sluice_json_parser_capacity(parser)
    }

    /// Indexes `bytes` and runs `body` with a cursor on the first token.
    ///
    /// `capacity` counts the readable bytes from the start of `bytes`; where it is less than `bytes.count + padding`,
    /// the text is copied first. Throws `malformed` (also for an empty text), `invalidUTF8` or `tooLarge` (over 2 GiB
    /// or out of memory).
    public func read<Result>(
        _ bytes: UnsafeRawBufferPointer, capacity: Int, _ body: (inout JSONCursor) -> Result
    ) throws(JSONFault) -> Result {
        precondition(!self.isReading, "a cursor was still in use")
        guard let parser = unsafe self.parser else { throw JSONFault(.tooLarge) }
        guard unsafe !bytes.isEmpty else { throw JSONFault(.malformed, offset: 0) }
        let padded = unsafe self.copy.padded(bytes, capacity: capacity, by: Self.padding)
        guard let text = unsafe padded.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
            throw JSONFault(.tooLarge)
        }
        self.isReading = true
        defer { self.finishReading() }
        let status = unsafe sluice_json_parser_index(parser, text, padded.count)
        if let fault = JSONFault.Kind(status) { throw JSONFault(fault) }
        guard let offsets = unsafe sluice_json_parser_offsets(parser) else { throw JSONFault(.malformed) }
        var cursor = unsafe JSONCursor(
            parser: parser, text: text, count: padded.count, offsets: offsets,
            tokenCount: sluice_json_parser_offset_count(parser))
        return body(&cursor)
    }

    private func finishReading() {
        self.isReading = false
        if self.capacity > Self.retainedBytes, let parser = unsafe self.parser {
            unsafe sluice_json_parser_release(parser)
        }
        self.copy.shrink(to: Self.retainedBytes)
    }
}

extension JSONFault.Kind {
    /// The fault that a status of the C side stands for; nil for success.
    init?(_ status: sluice_json_status) {
        switch status {
        case SLUICE_JSON_OK: return nil
        case SLUICE_JSON_INVALID_UTF8: self = .invalidUTF8
        case SLUICE_JSON_TOO_DEEP: self = .tooDeep
        case SLUICE_JSON_TOO_LARGE, SLUICE_JSON_NO_MEMORY: self = .tooLarge
        default: self = .malformed
        }
    }
}
