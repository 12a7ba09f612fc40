internal import Domain
internal import JSON

/// Reads a request at the old `/v1/completions` into the middle, for providers that have chats only: the prompt is what the
/// user says. Pure.
enum CompletionRequestReader {
    /// Throws the client's fault with the path of the member; also for a prompt of several texts, or of tokens.
    static func read(_ body: JSONValue, _ context: TranslationContext) throws(GatewayError) -> Conversation {
        let request = try RequestObject(body, path: "")
        let unsupported = Unsupported(context)
        var conversation = Conversation(model: try request.requiredString("model"))
        conversation.turns = [Turn(.user, [.text(TextPart(try self.prompt(request, unsupported)))])]
        conversation.sampling = try OpenAIRequestReader.commonSampling(request)
        try OpenAIRequestReader.readBounds(request, into: &conversation)
        if let suffix = try request.string("suffix"), !suffix.isEmpty { try unsupported.member("suffix") }
        if try request.bool("echo") == true { try unsupported.member("echo") }
        if let best = try request.integer("best_of"), best > conversation.choices { try unsupported.member("best_of") }
        // 0 asks for the chosen tokens' own probabilities.
        if try request.integer("logprobs") != nil { try unsupported.member("logprobs") }
        conversation.extras = request.members.others(than: self.known)
        return conversation
    }

    private static let known: [StaticString] = [
        "model", "prompt", "suffix", "echo", "best_of", "logprobs", "temperature", "top_p", "top_k", "seed",
        "presence_penalty", "frequency_penalty", "max_tokens", "max_completion_tokens", "stop", "n", "stream",
        "stream_options", "user",
    ]

    private static func prompt(_ request: RequestObject, _ unsupported: Unsupported) throws(GatewayError) -> [UInt8] {
        switch request.value("prompt") {
        case nil: throw RequestFault.missing("prompt")
        case .string(let text): return text
        case .array(let elements):
            if elements.count == 1, case .string(let text) = elements[0] { return text }
            throw unsupported.refusal(
                "prompt",
                hint: "It has chats only, so the prompt has to be one string; send several prompts one by one.")
        case let other?:
            throw RequestFault.invalidType("prompt", expected: "a string", got: other)
        }
    }
}
