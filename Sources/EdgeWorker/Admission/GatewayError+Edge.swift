import Domain
import JSON

/// Every refusal an edge makes by itself.
extension GatewayError {
    private static func request(
        _ status: UInt16, _ code: String, _ message: String, param: String? = nil,
        type: String = "invalid_request_error"
    ) -> GatewayError {
        GatewayError(code: code, type: type, status: status, source: .client, message: message, param: param)
    }

    static let badRequest = request(400, "bad_request", "The request is not valid HTTP.")
    static let missingModel = request(
        400, "missing_model", "You must provide a model parameter: a string of 1 to 256 bytes.", param: "model")
    static let unsupportedEncoding = request(
        400, "unsupported_encoding", "Request bodies must be sent without a content encoding.")
    static let invalidTags = request(
        400, "invalid_tags", "The header x-sluice-tags must be at most 1024 printable ASCII characters.",
        param: "x-sluice-tags")
    static let invalidAnthropicHeader = request(
        400, "invalid_header",
        "The headers anthropic-version (one) and anthropic-beta must be at most 1024 printable ASCII characters each.")
    static let invalidKey = request(401, "invalid_api_key", "Incorrect API key provided, or none at all.")
    static let unknownURL = request(
        404, "unknown_url",
        "Unknown request URL. Check the path: the base URL ends in /v1 for OpenAI's SDKs, and has no /v1 for Anthropic's."
    )
    static let methodNotAllowed = request(
        405, "method_not_allowed", "Not allowed to use this method here; see the Allow header.")
    static let requestTimeout = request(408, "request_timeout", "The request did not arrive in time.")
    static let uriTooLong = request(414, "uri_too_long", "The request line is too long.")
    static let headersTooLarge = request(431, "headers_too_large", "The request's headers are too large or too many.")

    static func tooLarge(_ limit: UInt64) -> GatewayError {
        request(413, "request_too_large", "The request body is larger than the limit of \(limit) bytes.")
    }

    static func notAvailableYet(_ api: UnavailableAPI) -> GatewayError {
        let instead = api.instead.map { " Use \($0) instead." } ?? ""
        return request(404, "not_available_yet", "\(api.title) is not available at this gateway yet.\(instead)")
    }

    static func modelNotFound(_ model: [UInt8]) -> GatewayError {
        let name = String(decoding: model, as: UTF8.self)
        return request(
            404, "model_not_found", "The model '\(name)' does not exist or you do not have access to it.",
            param: "model")
    }

    static func modelNotAllowed(_ model: [UInt8]) -> GatewayError {
        let name = String(decoding: model, as: UTF8.self)
        return request(
            403, "model_not_allowed", "You are not allowed to use the model '\(name)'.", param: "model")
    }

    /// `header` is its name, from the configuration.
    static func invalidTier(_ header: [UInt8]) -> GatewayError {
        let name = String(decoding: header, as: UTF8.self)
        return request(
            400, "invalid_tier", "The header \(name), which names a tier, must say fast or deep, once.", param: name)
    }

    private static func unavailable(_ code: String, _ message: String, retryAfter: UInt32) -> GatewayError {
        GatewayError(
            code: code, type: "server_error", status: 503, source: .gateway, retry: .later, message: message,
            retryAfter: retryAfter)
    }

    static let gatewayUnavailable = unavailable(
        "gateway_unavailable", "The gateway cannot take the request right now. Please try again.", retryAfter: 1)
    static let gatewayDraining = unavailable(
        "gateway_draining", "The gateway is shutting down. Please try again.", retryAfter: 1)
    static let identityUnavailable = unavailable(
        "identity_unavailable", "The gateway cannot look up keys right now. Please try again.", retryAfter: 1)
    static let journalFull = unavailable(
        "journal_full", "The gateway has no room to record the request. Please try again.", retryAfter: 1)

    /// Control has not seen the request.
    static let administrationUnavailable = unavailable(
        "administration_unavailable", "The administration is not available right now. Please try again.", retryAfter: 1)
    /// Control has seen it, and nobody knows what it has done about it.
    static let administrationLost = GatewayError(
        code: "administration_lost", type: "server_error", status: 503, source: .gateway,
        message: "The administration was lost while it worked on the request, which may have been carried out or not.",
        retryAfter: 1)
    static let administrationTimedOut = GatewayError(
        code: "administration_timeout", type: "server_error", status: 504, source: .gateway,
        message: "The administration did not answer in time; the request may have been carried out or not.")

    /// What is told of a failure of a request to control.
    var ofAdministration: GatewayError {
        if self == .gatewayUnavailable { return .administrationUnavailable }
        return self == .upstreamLost || self == .invalidReply ? .administrationLost : self
    }

    /// `seconds` are what is left of the quarantine.
    static func quarantined(seconds: UInt32) -> GatewayError {
        unavailable(
            "request_quarantined", "This request was being served when workers of the gateway died, twice.",
            retryAfter: max(1, seconds))
    }

    static let upstreamLost = GatewayError(
        code: "upstream_lost", type: "server_error", status: 502, source: .gateway, retry: .later,
        message: "The gateway's connection to the provider was lost. Please try again.")
    static let invalidReply = GatewayError(
        code: "provider_invalid_response", type: "server_error", status: 502, source: .provider, retry: .later,
        message: "The provider's reply did not have the length it announced.")

    /// What is told of a body that was refused.
    init(_ failure: ScanFailure) {
        switch failure.kind {
        case .duplicateMember(let member):
            self = .request(
                400, "duplicate_member", "The member '\(member.name)' occurs more than once.", param: "\(member.name)")
        case .escapedMember(let member):
            self = .request(
                400, "escaped_member", "The member '\(member.name)' must be written exactly as \"\(member.name)\".",
                param: "\(member.name)")
        case .invalidType(let member, let expected):
            self = .request(
                400, "invalid_type", "Invalid type for '\(member.name)': expected \(expected.words).",
                param: "\(member.name)")
        case .notAnObject: self = .request(400, "invalid_json", "The request body must be a JSON object.")
        case .invalidUTF8: self = .request(400, "invalid_json", "The request body is not valid UTF-8.")
        case .trailingContent:
            self = .request(400, "invalid_json", "Something follows the JSON object in the request body.")
        case .tooDeep: self = .request(400, "invalid_json", "The request body is nested too deeply.")
        case .tooLarge: self = .request(413, "request_too_large", "The request body is too large.")
        case .notJSON:
            let place = failure.offset.map { " (at byte \($0))" } ?? ""
            self = .request(400, "invalid_json", "We could not parse the JSON body of your request\(place).")
        }
    }
}

extension ScanFailure.Expected {
    fileprivate var words: String {
        switch self {
        case .boolean: "a boolean"
        case .number: "a number"
        case .integer: "an integer"
        case .object: "an object"
        case .string: "a string"
        case .name: "a string of valid Unicode without control characters"
        }
    }
}
