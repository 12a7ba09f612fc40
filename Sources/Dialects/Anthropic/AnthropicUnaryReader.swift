internal import Domain
internal import JSON

/// Reads what the gateway needs to know of a whole reply that passes as it is.
public enum AnthropicUnaryReader {
    /// Reads a reply of which `capacity` bytes can be read from its start; nil where it is not a JSON object.
    ///
    /// Members of which nothing has to be known are only checked for balanced brackets. A count of tokens has no usage.
    public static func readReply(
        _ body: UnsafeRawBufferPointer, capacity: Int, reader: DialectReader
    ) -> UnaryReply? {
        let reply = unsafe try? reader.indexer.read(body, capacity: capacity) { cursor in Self.read(&cursor) }
        return reply ?? nil
    }

    /// As `readReply(_:capacity:reader:)` over an array.
    public static func readReply(_ body: [UInt8], reader: DialectReader) -> UnaryReply? {
        unsafe body.withUnsafeBytes { unsafe self.readReply($0, capacity: $0.count, reader: reader) }
    }

    private static func read(_ cursor: inout JSONCursor) -> UnaryReply? {
        guard cursor.enterObject() else { return nil }
        var reply = UnaryReply(usage: nil, hasError: false)
        while let key = cursor.nextKey() {
            if cursor.matches(key, "usage") {
                var usage = AnthropicUsage()
                usage.read(&cursor)
                reply.usage = usage.classes
                reply.terms = usage.terms
            } else if cursor.matches(key, "stop_reason"), cursor.kind == .string, let range = cursor.skip() {
                let word = unsafe Array(cursor.bytes(range.lowerBound &+ 1..<range.upperBound &- 1))
                reply.finish = AnthropicFinish.read(word, stopSequence: nil).reason
            } else if cursor.matches(key, "error") {
                reply.hasError = cursor.kind == .object || cursor.kind == .string
                _ = cursor.skip()
            } else {
                _ = cursor.skip()
            }
        }
        return cursor.isAtEnd ? reply : nil
    }
}
