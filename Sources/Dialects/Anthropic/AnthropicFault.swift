internal import Domain
internal import JSON

/// What is wrong with a request at Anthropic's doors: the client's fault, status 400, in Anthropic's words. `param` is the path of
/// the member, such as `messages.0.content`.
enum AnthropicFault {
    static func missing(_ path: String) -> GatewayError {
        RequestFault.error("missing_required_parameter", "\(path): Field required", path)
    }

    /// `expected` such as `a valid string`.
    static func invalidType(_ path: String, _ expected: String) -> GatewayError {
        RequestFault.error("invalid_type", "\(path): Input should be \(expected)", path)
    }

    static func invalidValue(_ path: String, _ message: String) -> GatewayError {
        RequestFault.error("invalid_value", "\(path): \(message)", path)
    }

    /// An object whose `type` is none that can stand there.
    static func unknownTag(_ path: String, _ tag: [UInt8], expected: [String]) -> GatewayError {
        let list = expected.map { "'\($0)'" }.joined(separator: ", ")
        return self.invalidValue(
            path,
            "Input tag '\(RequestFault.excerpt(tag))' found using 'type' does not match any of the expected tags: \(list)"
        )
    }
}
