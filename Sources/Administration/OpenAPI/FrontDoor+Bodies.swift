import Domain

// What clients send, as far as Sluice itself reads it: the rest is as in OpenAI's and Anthropic's own documents, and each provider's to
// judge.
extension FrontDoor {
    static func body(of endpoint: Endpoint) -> APISchema {
        let stream = APISchema.Member("stream", .nullable(.boolean), required: false, "Whether to answer as events.")
        switch endpoint {
        case .chatCompletions: return .open([self.model, .init("messages", .array(self.message, minimum: 1)), stream])
        case .completions: return .open([self.model, .init("prompt", self.prompt), stream])
        case .messages:
            return .open([self.model, .init("max_tokens", .integer(1 ... .max)), self.anthropicMessages, stream])
        case .countTokens: return .open([self.model, self.anthropicMessages])
        case .embeddings: return .open([self.model, .init("input", self.input)])
        case .moderations:
            return .open([
                .init("model", .string(pattern: self.noControls), required: false, "omni-moderation-latest where it is missing."),
                .init("input", .any([.string(), .array(.anything)])),
            ])
        case .imageGenerations: return .open([self.model, .init("prompt", .string())])
        }
    }

    private static let model = APISchema.Member(
        "model",
        .any([
            .string(minimum: 1, maximum: 256, pattern: "^[ -~]*$"),
            .string(minimum: 1, maximum: 64, pattern: Self.noControls),
        ]), "An alias, or `provider:model`.")
    /// What a model's name does not have is refused wherever it goes.
    private static let noControls = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"

    /// One of OpenAI's messages. Which of them need content, and what it may be, depends on the role.
    private static let message = APISchema.open([
        .init("role", .oneOf(["developer", "system", "user", "assistant", "tool", "function"])),
        .init("content", .nullable(.any([.string(), .array(.anything)])), required: false),
    ])

    /// Anthropic's; there are more types of blocks than those that Sluice knows.
    private static let anthropicMessages = APISchema.Member(
        "messages",
        .array(
            .open([
                .init("role", .oneOf(["user", "assistant", "system"])),
                .init("content", .any([.string(), .array(.open([.init("type", .string())]))])),
            ]), minimum: 1))

    /// A text or its tokens, or several of them.
    private static let prompt = APISchema.any([
        .string(), .array(.string()), .array(.whole), .array(.array(.whole)),
    ])
    private static let input = APISchema.any([
        .string(minimum: 1), .array(.string(minimum: 1), minimum: 1, maximum: 2048), .array(.whole, minimum: 1),
        .array(.array(.whole, minimum: 1), minimum: 1, maximum: 2048),
    ])
}
