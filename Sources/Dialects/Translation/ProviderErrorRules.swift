internal import Domain
internal import JSON

/// What follows from a provider's error: its status, its names, whose fault it is and whether a retry helps.
struct ProviderErrorRules {
    private let shape: ProviderErrorShape
    /// In lower case, for what is known by its words only.
    private let words: String
    private let row: ProviderRow
    /// 400…599
    let status: UInt16
    /// The error came inside a success.
    private let isInside: Bool

    init(_ shape: ProviderErrorShape, message: [UInt8], status: UInt16, _ row: ProviderRow) {
        self.shape = shape
        self.row = row
        // Enough for every phrase that is looked for: providers say it first.
        self.words = String(decoding: message.prefix(1024), as: UTF8.self).lowercased()
        self.isInside = !(400...599 ~= status)
        self.status = self.isInside ? Self.status(of: shape) : status
    }

    private static func status(of shape: ProviderErrorShape) -> UInt16 {
        if let status = shape.status { return UInt16(status) }
        // Anthropic has no numbers in its events, only these words.
        guard let type = shape.type else { return 502 }
        switch String(decoding: type, as: UTF8.self) {
        case "invalid_request_error": return 400
        case "authentication_error": return 401
        case "billing_error": return 402
        case "permission_error": return 403
        case "not_found_error": return 404
        case "request_too_large": return 413
        case "rate_limit_error": return 429
        case "timeout_error": return 504
        case "overloaded_error": return 529
        default: return 502
        }
    }

    // MARK: Credentials

    /// The provider did not take the gateway's own key, and said so inside a success.
    var isCredentialFault: Bool {
        self.isInside && (self.status == 401 || (self.status == 403 && !self.row.moderates))
    }

    /// What the client is told then: the same as after a status 401.
    var credentialFault: GatewayError {
        GatewayError(
            code: "provider_authentication", type: "server_error", status: 502, source: .provider,
            message: "The provider refused the credentials the gateway is configured with.")
    }

    // MARK: Names

    /// The provider's own code where it is a name, OpenAI's where that says more.
    var code: String {
        if self.isContextLength { return "context_length_exceeded" }
        if let code = self.shape.code { return String(decoding: ProviderErrorText.clean(code), as: UTF8.self) }
        if self.hasType("insufficient_quota") { return "insufficient_quota" }
        switch self.status {
        case 401: return "invalid_api_key"
        case 402: return "insufficient_quota"
        case 403: return "permission_denied"
        case 404: return self.words.contains("model") ? "model_not_found" : "not_found"
        case 408: return "request_timeout"
        case 409: return "conflict"
        case 413: return "request_too_large"
        case 429: return "rate_limit_exceeded"
        case 503, 529: return "provider_overloaded"
        case 504: return "provider_timeout"
        case 500...: return "provider_error"
        default: return "invalid_request"
        }
    }

    /// The provider's code, where the client is told another one.
    var replacedCode: JSONValue? {
        guard let code = self.shape.code else { return self.shape.number }
        return self.isContextLength && !code.elementsEqual("context_length_exceeded".utf8) ? .string(code) : nil
    }

    /// The provider's type where it is one of OpenAI's family, else OpenAI's by the status.
    var type: String {
        if !self.row.speaksAnthropic, let type = self.shape.type {
            return String(decoding: ProviderErrorText.clean(type), as: UTF8.self)
        }
        switch self.status {
        case 401: return "authentication_error"
        case 402: return "insufficient_quota"
        case 403: return "permission_error"
        case 429: return "rate_limit_error"
        case 500...: return "server_error"
        default: return "invalid_request_error"
        }
    }

    // MARK: Advice

    var source: GatewayError.Source { GatewayError.Source(ofProviderStatus: self.status) }

    var retry: GatewayError.Retry {
        if self.shape.code?.elementsEqual("insufficient_quota".utf8) == true { return .never }
        if self.hasType("insufficient_quota") { return .never }
        switch self.status {
        case 408, 409, 429: return .later
        case 501, 505: return .never
        case 500...: return .later
        default: return .never
        }
    }

    // MARK: Context length

    private static let contextPhrases = [
        "prompt is too long", "maximum context length", "max context length", "context length exceeded",
        "context window", "available context size", "maximum model length", "maximum prompt length",
        "too many input tokens", "input tokens exceed", "input is too long", "messages is too long",
        "max_new_tokens` must be <=",
    ]

    private var isContextLength: Bool {
        guard self.status == 400 || self.status == 413 || self.status == 422 else { return false }
        if let code = self.shape.code {
            if code.elementsEqual("context_length_exceeded".utf8) { return true }
            // A limit per minute is no limit of the model.
            if code.elementsEqual("rate_limit_exceeded".utf8) { return false }
        }
        if self.hasType("too_many_prompt_tokens") || self.hasType("exceed_context_size_error") { return true }
        return Self.contextPhrases.contains { self.words.contains($0) }
    }

    private func hasType(_ name: String) -> Bool {
        self.shape.type?.elementsEqual(name.utf8) == true
    }
}
