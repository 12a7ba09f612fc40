internal import Domain
internal import JSON

/// What is wrong with a request that has to be translated: the client's fault, status 400, in OpenAI's words. `param` is the
/// path of the member, such as `messages[0].content`.
enum RequestFault {
    /// The member's value is of a type that cannot stand there; `expected` such as `a string`.
    static func invalidType(_ path: String, expected: String, got: JSONValue) -> GatewayError {
        self.error(
            "invalid_type",
            "Invalid type for '\(path)': expected \(expected), but got \(self.typeName(got)) instead.", path)
    }

    /// The member's value is of the right type, and still none that can stand there.
    static func invalidValue(_ path: String, _ message: String) -> GatewayError {
        self.error("invalid_value", "Invalid value for '\(path)': \(message)", path)
    }

    /// The value is none of the words that can stand there.
    static func invalidWord(_ path: String, _ word: [UInt8], supported: [String]) -> GatewayError {
        let list = supported.map { "'\($0)'" }.joined(separator: ", ")
        return self.error(
            "invalid_value", "Invalid value: '\(self.excerpt(word))'. Supported values are: \(list).", path)
    }

    static func missing(_ path: String) -> GatewayError {
        self.error("missing_required_parameter", "Missing required parameter: '\(path)'.", path)
    }

    /// The body is no JSON, no object, or nests too deep; nil: it is no object.
    static func invalidJSON(_ fault: JSONFault?) -> GatewayError {
        let place = fault?.offset.map { " (at byte \($0))" } ?? ""
        let message =
            switch fault?.kind {
            case nil: "The request body must be a JSON object."
            case .invalidUTF8: "The request body is not valid UTF-8\(place)."
            case .tooDeep:
                "The request body is nested too deeply: at most \(JSONReader.maximumDepth) levels can be translated."
            case .tooLarge: "The request body is too large to be translated."
            case .malformed: "We could not parse the JSON body of your request\(place)."
            }
        return self.error("invalid_json", message, nil)
    }

    static func error(_ code: String, _ message: String, _ path: String?) -> GatewayError {
        GatewayError(
            code: code, type: "invalid_request_error", status: 400, source: .client, message: message, param: path)
    }

    /// A client's words for a message: cut after 100 bytes, so that an answer is not as long as its question.
    static func excerpt(_ bytes: [UInt8]) -> String {
        bytes.count <= 100
            ? String(decoding: bytes, as: UTF8.self) : String(decoding: bytes.prefix(100), as: UTF8.self) + "…"
    }

    private static func typeName(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a decimal"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
