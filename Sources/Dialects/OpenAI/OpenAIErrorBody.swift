public import Domain
public import JSON

/// Errors as OpenAI's clients expect them.
public enum OpenAIErrorBody {
    /// `{"error":{"message":…,"type":…,"param":…,"code":…}}`
    ///
    /// `members` writes further members of the error.
    public static func render(_ error: GatewayError, _ members: (inout JSONWriter) -> Void = { _ in }) -> [UInt8] {
        self.write(error, into: JSONWriter(), members)
    }

    /// The same as one server-sent event. An OpenAI client raises an error on any chunk that holds one.
    ///
    /// Where the stream may have stopped inside an event, send two line feeds first.
    public static func renderEvent(_ error: GatewayError) -> [UInt8] {
        self.write(error, into: JSONWriter(appendingTo: Array("data: ".utf8))) { _ in } + [0x0A, 0x0A]
    }

    private static func write(
        _ error: GatewayError, into writer: JSONWriter, _ members: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var writer = writer
        writer.beginObject()
        writer.key("error")
        writer.beginObject()
        writer.key("message")
        writer.string(error.message)
        writer.key("type")
        writer.string(error.type)
        writer.key("param")
        if let param = error.param { writer.string(param) } else { writer.null() }
        writer.key("code")
        writer.string(error.code)
        members(&writer)
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }
}
