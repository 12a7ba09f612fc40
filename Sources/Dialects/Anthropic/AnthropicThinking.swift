internal import Domain

/// How much a Claude model is told to think, and what it may write in all. Pure.
///
/// Models from 4.6 on are told an effort and decide themselves; older ones get a budget of tokens, which `max_tokens` has to
/// exceed.
struct AnthropicThinking: Hashable {
    /// The member `thinking`.
    enum Mode: Hashable {
        case absent
        case disabled
        case adaptive
        case enabled(budget: Int64)
    }

    var mode = Mode.absent
    /// `output_config.effort`.
    var effort: [UInt8]?
    /// `thinking.display`.
    var display: [UInt8]?
    /// `max_tokens`.
    var maximumOutput: Int64

    /// What is allowed when the client says nothing and nothing is known of the model.
    static let defaultOutput: Int64 = 4096
    /// The smallest budget there is.
    private static let minimumBudget: Int64 = 1024

    /// Whether the request asks for thoughts: then much of sampling is refused by Anthropic.
    var isOn: Bool {
        switch self.mode {
        case .absent, .disabled: false
        case .adaptive, .enabled: true
        }
    }

    init(
        _ conversation: Conversation, _ model: AnthropicModel, _ context: TranslationContext
    ) throws(GatewayError) {
        self.maximumOutput =
            conversation.maximumOutput ?? max(1, context.maximumOutput ?? Self.defaultOutput)
        guard let reasoning = conversation.reasoning else { return }
        self.choose(reasoning, model, context)
        guard self.isOn else { return }
        let path = reasoning.amount == nil ? "reasoning_effort" : "thinking"
        if !model.canThink {
            try Unsupported(context).member(path)
            self.stop()
        } else if !model.thinksByDefault, Self.isForced(conversation) {
            // Anthropic: "Thinking may not be enabled when tool_choice forces tool use."
            try Unsupported(context).member(
                path, hint: "It cannot be combined with a tool_choice that forces a call.")
            self.stop()
        } else if case .enabled = self.mode, Self.lacksThoughts(conversation.turns) {
            // Anthropic refuses a budget where the calls that are answered do not begin with the thoughts that led to them, and
            // most of OpenAI's clients do not send these back.
            self.stop()
        } else {
            self.fitBudget(isGiven: conversation.maximumOutput != nil, reasoning, context)
        }
        if self.isOn { self.display = reasoning.display ?? Self.usualDisplay(model, context) }
    }

    private mutating func stop() {
        self.mode = .absent
        self.effort = nil
    }

    // MARK: Amounts

    private mutating func choose(
        _ reasoning: ReasoningRequest, _ model: AnthropicModel, _ context: TranslationContext
    ) {
        let isOff = reasoning.effort.map { JSONName.equals($0, "none") || JSONName.equals($0, "minimal") } ?? false
        if model.hasAdaptiveThinking, let effort = reasoning.effort, !isOff {
            // The next one that does not cost more.
            self.effort =
                JSONName.equals(effort, "xhigh") && !model.hasHighestEfforts ? Array("high".utf8) : effort
        }
        switch reasoning.amount {
        case .off: self.mode = .disabled
        case .budget(let tokens): self.mode = .enabled(budget: tokens)
        case .adaptive:
            self.mode = model.hasAdaptiveThinking ? .adaptive : .enabled(budget: Self.budget(reasoning.effort))
        case nil where isOff: self.turnOff(model)
        // At Anthropic's door an effort alone asks for no thoughts.
        case nil where context.endpoint.isAnthropic || reasoning.effort == nil: break
        case nil:
            self.mode = model.hasAdaptiveThinking ? .adaptive : .enabled(budget: Self.budget(reasoning.effort))
        }
    }

    /// As little as the model can.
    private mutating func turnOff(_ model: AnthropicModel) {
        if model.cannotStopThinking {
            self.mode = .adaptive
            self.effort = Array("low".utf8)
        } else if model.thinksByDefault {
            self.mode = .disabled
        }
    }

    private static func budget(_ effort: [UInt8]?) -> Int64 {
        guard let effort else { return 2048 }
        if JSONName.equals(effort, "low") { return 1024 }
        if JSONName.equals(effort, "high") { return 4096 }
        if JSONName.equals(effort, "xhigh") { return 8192 }
        if JSONName.equals(effort, "max") { return 16384 }
        return 2048
    }

    /// A budget the client has named stays as it is: Anthropic says what is wrong with it.
    private mutating func fitBudget(isGiven: Bool, _ reasoning: ReasoningRequest, _ context: TranslationContext) {
        guard case .enabled(let budget) = self.mode else { return }
        if !isGiven {
            let (raised, overflow) = self.maximumOutput.addingReportingOverflow(budget)
            self.maximumOutput = min(overflow ? .max : raised, context.maximumOutput ?? .max)
        }
        guard budget >= self.maximumOutput else { return }
        if case .budget? = reasoning.amount { return }
        if self.maximumOutput > Self.minimumBudget {
            self.mode = .enabled(budget: self.maximumOutput - 1)
        } else {
            self.stop()
        }
    }

    /// Newer models leave the text of their thoughts out unless it is asked for; OpenAI's clients expect it.
    private static func usualDisplay(_ model: AnthropicModel, _ context: TranslationContext) -> [UInt8]? {
        model.hasHighestEfforts && !context.endpoint.isAnthropic ? Array("summarized".utf8) : nil
    }

    // MARK: What thinking cannot be combined with

    private static func isForced(_ conversation: Conversation) -> Bool {
        guard !conversation.tools.isEmpty else { return false }
        switch conversation.toolChoice {
        case .required, .named: return true
        case .auto, ToolChoice.none?, nil: return false
        }
    }

    /// Whether results of calls are waiting whose turn has no thoughts that Anthropic would take back.
    private static func lacksThoughts(_ turns: [Turn]) -> Bool {
        for turn in turns.reversed() {
            switch turn.role {
            case .system: continue
            case .user:
                let answersCalls = turn.parts.contains { part in
                    if case .toolResult = part { true } else { false }
                }
                if !answersCalls { return false }
            case .assistant:
                if self.calls(turn) && !self.hasThoughts(turn) { return true }
            }
        }
        return false
    }

    private static func calls(_ turn: Turn) -> Bool {
        turn.parts.contains { part in
            if case .toolCall = part { true } else { false }
        }
    }

    private static func hasThoughts(_ turn: Turn) -> Bool {
        turn.parts.contains { part in
            switch part {
            case .thinking(let thinking): !thinking.signature.isEmpty
            case .redactedThinking: true
            default: false
            }
        }
    }
}
