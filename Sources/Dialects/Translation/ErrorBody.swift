public import Domain
public import JSON

/// Errors as the clients of each front door expect them.
public enum ErrorBody {
    /// A whole body; `members` writes further members of the error.
    ///
    /// `requestID` is named where the front door's errors have a place for it.
    public static func render(
        _ error: GatewayError, at endpoint: Endpoint?, requestID: String? = nil,
        _ members: (inout JSONWriter) -> Void = { _ in }
    ) -> [UInt8] {
        guard endpoint?.isAnthropic == true else { return OpenAIErrorBody.render(error, members) }
        return AnthropicErrorBody.render(error, requestID: requestID, members)
    }

    /// A provider's error, with what only the provider says of it.
    public static func render(_ error: ProviderError, at endpoint: Endpoint?, requestID: String? = nil) -> [UInt8] {
        self.render(error.error, at: endpoint, requestID: requestID) { writer in
            for member in error.extras { writer.member(member) }
        }
    }

    /// The same as one server-sent event, which ends the stream.
    ///
    /// Where the stream may have stopped inside an event, send two line feeds first.
    public static func renderEvent(_ error: GatewayError, at endpoint: Endpoint?) -> [UInt8] {
        endpoint?.isAnthropic == true ? AnthropicErrorBody.renderEvent(error) : OpenAIErrorBody.renderEvent(error)
    }

    /// The status that clients of the front door know: 529 is Anthropic's own.
    public static func status(of error: GatewayError, at endpoint: Endpoint?) -> UInt16 {
        error.status == 529 && endpoint?.isAnthropic != true ? 503 : error.status
    }
}
