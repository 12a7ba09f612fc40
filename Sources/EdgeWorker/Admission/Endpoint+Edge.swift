import Domain

/// What an edge has to know of each front door.
extension Endpoint {
    /// The model that is meant where the body names none; nil: it has to name one.
    var defaultModel: [UInt8]? {
        // As OpenAI has it, whose clients rely on it.
        self == .moderations ? Array("omni-moderation-latest".utf8) : nil
    }

    /// A stream tells its usage only where `stream_options.include_usage` asks for it.
    var hasStreamOptions: Bool { self == .chatCompletions || self == .completions }

    /// A call produces something that is paid for by its tokens.
    var hasOutput: Bool { self.generatesText || self == .imageGenerations }

    /// A call takes tokens at all; else it only counts as a request.
    var takesTokens: Bool { self != .countTokens }

    /// The member that bounds the output of a model: the catalogue knows only what it is called in chats.
    func outputLimitMember(_ facts: ModelFacts) -> ModelFacts.OutputLimitMember {
        self == .chatCompletions ? facts.outputLimitMember : .maxTokens
    }
}
