public import Domain
public import JSON

/// Errors as the clients of each front door expect them.
public enum ErrorBody {
    /// A whole body; `members` writes further members of the error.
    public static func render(
        _ error: GatewayError, at endpoint: Endpoint?, _ members: (inout JSONWriter) -> Void = { _ in }
    ) -> [UInt8] {
        OpenAIErrorBody.render(error, members)
    }

    /// The same as one server-sent event, which ends the stream.
    ///
    /// Where the stream may have stopped inside an event, send two line feeds first.
    public static func renderEvent(_ error: GatewayError, at endpoint: Endpoint?) -> [UInt8] {
        OpenAIErrorBody.renderEvent(error)
    }
}
