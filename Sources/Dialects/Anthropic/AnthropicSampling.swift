internal import Domain
internal import JSON

/// How the next token is chosen, as far as Anthropic lets one say it. Pure.
struct AnthropicSampling {
    private var temperature: Double?
    private var topP: Double?
    private var topK: Int64?

    /// With thoughts Anthropic takes hardly any of it, and then leaves nothing to say: what conflicts is left out.
    init(
        _ conversation: Conversation, _ model: AnthropicModel, thinks: Bool, _ context: TranslationContext
    ) throws(GatewayError) {
        let sampling = conversation.sampling
        let unsupported = Unsupported(context)
        try Self.refuseUnknown(conversation, unsupported)
        self.temperature = sampling.temperature
        self.topP = sampling.topP
        self.topK = sampling.topK
        if let temperature = self.temperature, temperature > 1 {
            try unsupported.member(
                "temperature", hint: "It takes 0 to 1; with `drop_unsupported: true` more than that is sent as 1.")
            self.temperature = 1
        }
        if thinks {
            if self.temperature != 1 { self.temperature = nil }
            self.topK = nil
            if let topP = self.topP, topP < 0.95 { self.topP = nil }
        }
        if model.refusesSampling {
            let hint = "This model chooses its tokens itself; `drop_unsupported: true` leaves it out."
            if let temperature = self.temperature, temperature != 1 {
                try unsupported.member("temperature", hint: hint)
            }
            if let topP = self.topP, topP != 1 { try unsupported.member("top_p", hint: hint) }
            if self.topK != nil { try unsupported.member("top_k", hint: hint) }
            (self.temperature, self.topP, self.topK) = (nil, nil, nil)
        }
        try self.keepOne(model, unsupported)
    }

    /// Of temperature and top_p newer models take one; a value of 1 asks for nothing.
    private mutating func keepOne(_ model: AnthropicModel, _ unsupported: Unsupported) throws(GatewayError) {
        guard model.wantsOneOfTemperatureAndTopP, let temperature = self.temperature, let topP = self.topP else {
            return
        }
        if temperature == 1, topP != 1 {
            self.temperature = nil
        } else {
            if topP != 1 {
                try unsupported.member(
                    "top_p",
                    hint: "This model takes temperature or top_p; `drop_unsupported: true` leaves top_p out.")
            }
            self.topP = nil
        }
    }

    private static func refuseUnknown(
        _ conversation: Conversation, _ unsupported: Unsupported
    ) throws(GatewayError) {
        let sampling = conversation.sampling
        if conversation.choices > 1 { try unsupported.member("n") }
        if sampling.seed != nil { try unsupported.member("seed") }
        if sampling.presencePenalty ?? 0 != 0 { try unsupported.member("presence_penalty") }
        if sampling.frequencyPenalty ?? 0 != 0 { try unsupported.member("frequency_penalty") }
        if sampling.logprobs ?? false { try unsupported.member("logprobs") }
        if sampling.topLogprobs ?? 0 > 0 { try unsupported.member("top_logprobs") }
    }

    func write(into writer: inout JSONWriter) {
        if let temperature = self.temperature {
            writer.key("temperature")
            writer.number(temperature)
        }
        if let topP = self.topP {
            writer.key("top_p")
            writer.number(topP)
        }
        if let topK = self.topK {
            writer.key("top_k")
            writer.integer(topK)
        }
    }
}
