internal import JSON

/// The answer to `/v1/messages/count_tokens` for a provider that counts none itself.
public enum TokenCountReply {
    /// `{"input_tokens":N,"estimated":true}`.
    public static func write(_ tokens: Int64) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("input_tokens")
        writer.integer(max(0, tokens))
        writer.key("estimated")
        writer.bool(true)
        writer.endObject()
        return writer.bytes
    }
}
