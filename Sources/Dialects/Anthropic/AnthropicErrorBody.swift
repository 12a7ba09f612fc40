public import Domain
public import JSON

/// Errors as Anthropic's clients expect them.
public enum AnthropicErrorBody {
    /// `{"type":"error","error":{"type":…,"message":…,"code":…,"param":…},"request_id":…}`
    ///
    /// `type` is Anthropic's word for the status; `code` and `param` are further members, which Anthropic has not. `members`
    /// writes more of them.
    public static func render(
        _ error: GatewayError, requestID: String? = nil, _ members: (inout JSONWriter) -> Void = { _ in }
    ) -> [UInt8] {
        self.write(error, requestID, into: JSONWriter(), members)
    }

    /// The same as one server-sent event, which ends the stream.
    public static func renderEvent(_ error: GatewayError) -> [UInt8] {
        let writer = JSONWriter(appendingTo: Array("event: error\ndata: ".utf8))
        return self.write(error, nil, into: writer) { _ in } + [0x0A, 0x0A]
    }

    /// Anthropic's `error.type` of a status.
    static func type(of status: UInt16) -> String {
        switch status {
        case 401: "authentication_error"
        case 402: "billing_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 408, 504: "timeout_error"
        case 503, 529: "overloaded_error"
        case 500...: "api_error"
        default: "invalid_request_error"
        }
    }

    private static func write(
        _ error: GatewayError, _ requestID: String?, into writer: JSONWriter, _ members: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var writer = writer
        writer.beginObject()
        writer.key("type")
        writer.string("error")
        writer.key("error")
        writer.beginObject()
        writer.key("type")
        writer.string(Self.type(of: error.status))
        writer.key("message")
        writer.string(error.message)
        writer.key("code")
        writer.string(error.code)
        if let param = error.param {
            writer.key("param")
            writer.string(param)
        }
        members(&writer)
        writer.endObject()
        if let requestID {
            writer.key("request_id")
            writer.string(requestID)
        }
        writer.endObject()
        return writer.bytes
    }
}
