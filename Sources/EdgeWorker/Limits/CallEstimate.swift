import Domain
import JSON

/// How many tokens a request can take, and how many it usually takes, by what is known of its body. Pure.
struct CallEstimate: Hashable {
    /// Tokens of output that a model of which nothing is known is allowed where a budget is strict.
    static let unknownMaximumOutput: Int64 = 4096
    /// The same at `/v1/completions`, where it is what OpenAI's documentation says of a request that does not say.
    static let unknownCompletion: Int64 = 16
    /// Tokens of output to which a request is cut down at most, unless it asks for fewer.
    static let leastOutput: Int64 = 64
    /// Tokens of output that are expected of a model nothing was learned of, where nothing but a window is limited.
    static let unlearnedOutput: Int64 = 256
    /// Tokens that providers add to a prompt with tools: what a model has to know of how to call them. The same for an answer in
    /// JSON, which is a tool where a model knows no formats.
    static let toolPrompt: Int64 = 1024

    /// What is learned of a model.
    struct Learned: Hashable {
        var promptTokens: Int64
        /// nil until replies were seen.
        var output: Int64?
    }

    let bodyBytes: Int64
    let unbounded: UnboundedParts
    let endpoint: Endpoint
    /// Embeddings and moderations have none, and each of their texts has a context window of its own.
    let hasOutput: Bool
    let hasTools: Bool
    /// Tokens of output the client wants at most, of each choice; nil where it does not say, or says "as many as you like".
    let askedOutput: Int64?
    let choices: Int64
    /// Each with a context window of its own, and as many choices.
    let prompts: Int64
    /// Searches that the provider may make for each choice; nil where nothing bounds them.
    let searches: Int64?
    /// What the request was cut down to, tokens of each choice.
    var outputLimit: Int64?

    /// `searchLimit` is how often the tools of the request let a model search (`RequestScanner.searchLimit`).
    init(
        _ request: ScannedRequest, bodyBytes: Int, endpoint: Endpoint, unbounded: UnboundedParts,
        searchLimit: Int64? = 0
    ) {
        self.searches = unbounded.contains(.searches) ? nil : searchLimit
        self.bodyBytes = Int64(clamping: bodyBytes)
        self.endpoint = endpoint
        self.hasOutput = endpoint.hasOutput
        // No member limits the tokens of an image.
        self.unbounded = endpoint == .imageGenerations ? unbounded.union(.output) : unbounded
        self.hasTools = endpoint.generatesText && (request.toolsRange != nil || unbounded.contains(.instructions))
        self.prompts = endpoint == .completions ? Int64(clamping: max(1, request.promptCount)) : 1
        self.choices = endpoint.hasOutput ? CallEstimate.times(max(1, request.n ?? 1), self.prompts) : 1
        // Which of the two members counts is the server's to decide, where both exist.
        let known = endpoint == .chatCompletions || request.maxTokens != nil
        var asked: Int64?
        for case let value? in [request.maxTokens, request.maxCompletionTokens] where asked != 0 {
            asked = value < 1 ? 0 : max(asked ?? 0, value)
        }
        self.askedOutput = asked == 0 || !known ? nil : asked
    }

    // MARK: At most

    /// The most tokens that a call can take; nil where nothing bounds them.
    func mostTokens(_ facts: ModelFacts) -> Int64? {
        guard let prompt = self.mostPrompt(facts), let output = self.mostOutput(facts) else { return nil }
        let (tokens, overflow) = prompt.addingReportingOverflow(CallEstimate.times(output, self.choices))
        return overflow ? .max : tokens
    }

    /// The most that a call can cost, in nano-USD; nil where nothing bounds it.
    func mostCost(_ facts: ModelFacts, _ price: Price?) -> Int64? {
        guard let price else { return 0 }
        let prompt = self.mostPrompt(facts)
        let most = self.ceiling(price, prompt)
        let output = self.mostOutput(facts).map { CallEstimate.times($0, self.choices) }
        guard let read = CallEstimate.product(prompt, most.input),
            let written = CallEstimate.product(output, most.output), let units = self.mostUnits(most)
        else { return nil }
        return CallEstimate.nanoDollars(read + written + units)
    }

    private func ceiling(_ price: Price, _ prompt: Int64?) -> PriceCeiling {
        price.ceiling(promptTokens: prompt ?? .max, mayBeUrgent: self.unbounded.contains(.services))
    }

    /// What a call costs besides its tokens, in pico-USD; nil where nothing bounds it.
    private func mostUnits(_ most: PriceCeiling) -> UInt128? {
        guard !most.isUnbounded, most.second == 0 || !self.unbounded.contains(.prompt) else { return nil }
        var queries = self.searches
        if most.searchesAlways { queries = queries.map { $0 &+ 1 } }
        guard let searched = CallEstimate.product(queries.map { CallEstimate.times($0, self.choices) }, most.query)
        else { return nil }
        let images = self.endpoint == .imageGenerations ? self.choices : 0
        return UInt128(most.request) + (CallEstimate.product(images, most.image) ?? 0) + searched
    }

    /// No tokenizer makes more tokens than there are bytes.
    private func mostPrompt(_ facts: ModelFacts) -> Int64? {
        let window = self.window(facts)
        guard !self.unbounded.contains(.prompt) else { return window }
        return min(self.bodyBytes &+ (self.hasTools ? CallEstimate.toolPrompt : 0), window ?? .max)
    }

    /// Tokens that all prompts can have together.
    private func window(_ facts: ModelFacts) -> Int64? {
        self.hasOutput ? facts.contextWindow.map { CallEstimate.times(Int64($0), self.prompts) } : nil
    }

    private var unknownMaximum: Int64 {
        self.endpoint == .completions ? CallEstimate.unknownCompletion : CallEstimate.unknownMaximumOutput
    }

    /// Tokens of one choice.
    func mostOutput(_ facts: ModelFacts) -> Int64? {
        guard self.hasOutput else { return 0 }
        let window = facts.contextWindow.map { Int64($0) }
        let known = facts.maximumOutput.map { Int64($0) }
        guard !self.unbounded.contains(.output) else { return known ?? window }
        let wanted = self.askedOutput.map { min($0, window ?? .max) } ?? known ?? self.unknownMaximum
        // Cut down for the target with the longest output: another one may not be able to produce that much.
        return min(wanted, self.outputLimit ?? .max)
    }

    /// What the body has to say to a model so that `most` holds: nil where nothing has to be changed.
    func insertedOutput(_ facts: ModelFacts) -> Int64? {
        guard self.hasOutput, !self.unbounded.contains(.output) else { return nil }
        if self.outputLimit != nil { return self.mostOutput(facts) }
        return self.askedOutput == nil && facts.maximumOutput == nil ? self.unknownMaximum : nil
    }

    /// Tokens of output of each choice for which `remaining` is enough, whatever the prompt takes; negative where not even
    /// the prompt is affordable, nil where output cannot be bounded. `unit` is tokens or cost.
    func affordableOutput(
        _ remaining: Int64, _ unit: LimitKind.Unit, _ facts: ModelFacts, _ price: Price?
    ) -> Int64? {
        guard self.hasOutput, !self.unbounded.contains(.output), let prompt = self.mostPrompt(facts) else { return nil }
        switch unit {
        case .requests: return nil
        case .tokens: return prompt > remaining ? -1 : (remaining - prompt) / self.choices
        case .cost:
            guard let price else { return .max }
            let rates = self.ceiling(price, prompt)
            guard let units = self.mostUnits(rates) else { return nil }
            let used = (CallEstimate.product(prompt, rates.input) ?? 0) + units
            let room = UInt128(max(0, remaining)) * 1000
            guard used <= room else { return -1 }
            guard rates.output > 0 else { return .max }
            return Int64(clamping: (room - used) / (UInt128(rates.output) * UInt128(self.choices)))
        }
    }

    // MARK: Usually

    /// What such a call usually takes. Of a model nothing was learned of yet it is what the catalogue says it can produce.
    func usually(_ facts: ModelFacts, _ price: Price?, _ learned: Learned) -> CallAmounts {
        let expected = learned.output ?? facts.maximumOutput.map { Int64($0) } ?? self.unknownMaximum
        let output = self.hasOutput ? CallEstimate.times(min(expected, self.askedOutput ?? .max), self.choices) : 0
        let prompt = self.usualPrompt(facts, learned)
        let units = self.endpoint == .imageGenerations ? CallUnits(.imageOutput, self.choices) : nil
        let cost = price.map { $0.cost(of: TokenUsage(input: prompt, output: output), units: units) } ?? 0
        return CallAmounts(tokens: prompt &+ min(output, .max - prompt), cost: cost)
    }

    /// Tokens for a window of time, which may be exceeded by what a guess is wrong.
    func forWindow(_ facts: ModelFacts, _ learned: Learned) -> Int64 {
        let expected = self.outputLimit ?? self.askedOutput ?? learned.output ?? CallEstimate.unlearnedOutput
        let output = self.hasOutput ? CallEstimate.times(expected, self.choices) : 0
        let prompt = self.usualPrompt(facts, learned)
        return prompt &+ min(output, .max - prompt)
    }

    private func usualPrompt(_ facts: ModelFacts, _ learned: Learned) -> Int64 {
        let window = self.window(facts)
        return min(max(0, learned.promptTokens), window ?? .max)
    }

    // MARK: Arithmetic

    private static func times(_ value: Int64, _ factor: Int64) -> Int64 {
        let (product, overflow) = value.multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }

    /// At most 2^125, so that a few of them can be added; nil where the count is unknown and costs something.
    private static func product(_ count: Int64?, _ rate: Int64) -> UInt128? {
        guard rate > 0 else { return 0 }
        guard let count else { return nil }
        return min(UInt128(max(0, count)) * UInt128(rate), 1 << 125)
    }

    private static func nanoDollars(_ picodollars: UInt128) -> Int64 {
        Int64(clamping: picodollars / 1000 + (picodollars % 1000 > 0 ? 1 : 0))
    }
}
