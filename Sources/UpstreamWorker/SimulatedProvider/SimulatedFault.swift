internal import Domain

/// A request the simulated provider refuses, in OpenAI's words.
enum SimulatedFault {
    static func invalid(_ message: String, param: String? = nil, code: String = "invalid_value") -> GatewayError {
        GatewayError(
            code: code, type: "invalid_request_error", status: 400, source: .client, message: message, param: param)
    }
}
