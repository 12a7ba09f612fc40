internal import CSimdJSON

/// Reads whole JSON texts into a tree, every value validated.
///
/// Owns one simdjson DOM parser and its buffers and is used on one loop; buffers that grew over 1 MiB are freed after
/// the text that needed them. Numbers that fit neither 64 bits nor a Double are refused as malformed.
@safe public final class JSONReader {
    /// The deepest nesting that is read, in levels.
    public static let maximumDepth = 128

    private let parser: OpaquePointer?
    private let copy = PaddedBuffer()

    public init() {
        unsafe self.parser = sluice_json_parser_create(Self.maximumDepth)
    }

    deinit {
        unsafe sluice_json_parser_destroy(self.parser)
    }

    /// The tree of `bytes`, of which `capacity` bytes can be read from the start (see `JSONIndexer.read`).
    ///
    /// Throws `tooLarge` where the text is longer than `maximumBytes`, else what was wrong with it. A tree takes about
    /// ten times the memory of its text.
    public func read(
        _ bytes: UnsafeRawBufferPointer, capacity: Int, maximumBytes: Int
    ) throws(JSONFault) -> JSONValue {
        guard bytes.count <= maximumBytes, let parser = unsafe self.parser else { throw JSONFault(.tooLarge) }
        guard unsafe !bytes.isEmpty else { throw JSONFault(.malformed, offset: 0) }
        let padded = unsafe self.copy.padded(bytes, capacity: capacity, by: JSONIndexer.padding)
        guard let text = unsafe padded.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
            throw JSONFault(.tooLarge)
        }
        defer {
            if unsafe sluice_json_parser_capacity(parser) > JSONIndexer.retainedBytes {
                unsafe sluice_json_parser_release(parser)
            }
            self.copy.shrink(to: JSONIndexer.retainedBytes)
        }
        if let fault = JSONFault.Kind(unsafe sluice_json_parser_read(parser, text, padded.count)) {
            throw JSONFault(fault)
        }
        guard
            let words = unsafe sluice_json_parser_tape(parser), let strings = unsafe sluice_json_parser_strings(parser)
        else { throw JSONFault(.malformed) }
        var tape = unsafe JSONTape(words: words, strings: strings, maximumDepth: Self.maximumDepth)
        return try tape.document()
    }

    /// As `read(_:capacity:maximumBytes:)` over an array.
    public func read(_ bytes: [UInt8], maximumBytes: Int) throws(JSONFault) -> JSONValue {
        let result = unsafe bytes.withUnsafeBytes { buffer in
            Result { () throws(JSONFault) in
                unsafe try self.read(buffer, capacity: buffer.count, maximumBytes: maximumBytes)
            }
        }
        return try result.get()
    }
}
