internal import Domain

/// Where in the client's request a piece of a conversation came from, for refusals: `messages[2].tool_calls[0]` at OpenAI's
/// doors, `messages.1.content.0` at Anthropic's.
///
/// Readers make one turn of each message, in order, but for OpenAI's tool messages that follow one another, which become the
/// parts of one; so a turn's index tells the message. Anthropic's `system` is a turn in front of them.
struct RequestPath {
    private let isAnthropic: Bool
    private let hasSystem: Bool
    /// `/v1/completions`, whose prompt is the only turn.
    private let hasPrompt: Bool
    /// Index of the first message of each turn, at OpenAI's doors.
    private let messages: [Int]

    init(_ conversation: Conversation, _ context: TranslationContext) {
        self.isAnthropic = context.endpoint.isAnthropic
        self.hasSystem = self.isAnthropic && conversation.turns.first?.role == .system
        self.hasPrompt = context.endpoint == .completions
        var next = 0
        var messages: [Int] = []
        for turn in self.isAnthropic ? [] : conversation.turns {
            messages.append(next)
            next &+= max(1, turn.parts.count { Self.isResult($0) })
        }
        self.messages = messages
    }

    /// The message that became the turn at `turn`.
    func turn(_ turn: Int) -> String {
        if self.hasPrompt { return "prompt" }
        guard self.isAnthropic else { return "messages[\(turn < self.messages.count ? self.messages[turn] : turn)]" }
        if self.hasSystem { return turn == 0 ? "system" : "messages.\(turn &- 1)" }
        return "messages.\(turn)"
    }

    /// What became the part at `part` of that turn.
    func part(_ turn: Int, _ part: Int, of parts: [Part]) -> String {
        guard part < parts.count, !self.hasPrompt else { return self.turn(turn) }
        guard !self.isAnthropic else {
            return self.hasSystem && turn == 0 ? "system.\(part)" : "\(self.turn(turn)).content.\(part)"
        }
        // OpenAI's messages hold content, calls and thoughts in members of their own.
        let earlier = parts[..<part]
        switch parts[part] {
        case .toolCall: return "\(self.turn(turn)).tool_calls[\(earlier.count { Self.isCall($0) })]"
        case .thinking, .redactedThinking:
            return "\(self.turn(turn)).thinking_blocks[\(earlier.count { Self.isThought($0) })]"
        case .toolResult:
            let first = turn < self.messages.count ? self.messages[turn] : turn
            return "messages[\(first &+ earlier.count { Self.isResult($0) })].content"
        case .text, .image, .document, .audio, .refusal, .opaque:
            let index = earlier.count { !Self.isCall($0) && !Self.isThought($0) }
            return "\(self.turn(turn)).content[\(index)]\(Self.member(parts[part]))"
        }
    }

    /// What became the part at `inner` of the tool result at `part` of that turn.
    func part(_ turn: Int, _ part: Int, of parts: [Part], inner: Int, of result: [Part]) -> String {
        guard inner < result.count else { return self.part(turn, part, of: parts) }
        let content = self.part(turn, part, of: parts)
        return self.isAnthropic
            ? "\(content).content.\(inner)" : "\(content)[\(inner)]\(Self.member(result[inner]))"
    }

    private static func member(_ part: Part) -> String {
        switch part {
        case .image: ".image_url"
        case .document: ".file"
        case .audio: ".input_audio"
        default: ""
        }
    }

    private static func isResult(_ part: Part) -> Bool {
        if case .toolResult = part { true } else { false }
    }

    private static func isCall(_ part: Part) -> Bool {
        if case .toolCall = part { true } else { false }
    }

    private static func isThought(_ part: Part) -> Bool {
        switch part {
        case .thinking, .redactedThinking: true
        default: false
        }
    }
}
