/// Says how many tokens a call had when its provider does not: from the bytes that went out and came back, with ratios
/// learned per model from calls whose numbers are known.
///
/// Pure; no clock, no randomness, no floating point: the same calls in the same order give the same estimates. Knows at
/// most `maximumModels` models and forgets the least recently used. Of a model it knows nothing about it says what text
/// usually takes: a token for 4 bytes of request, for 200 bytes of an event stream (about one event), and for 4 bytes of a
/// whole reply behind its frame of 300. It also knows how long the output of a model usually is.
///
/// Invariant: `index` names each entry once; the entries are one list from `newest` to `oldest`.
public struct UsageEstimator: Sendable {
    /// A model as a provider serves it.
    public struct Model: Hashable, Sendable {
        /// The provider's name in the configuration.
        public var provider: String
        /// The model as it is sent there.
        public var name: [UInt8]

        public init(provider: String, name: [UInt8]) {
            self.provider = provider
            self.name = name
        }
    }

    public static let maximumModels = 1024
    /// Bytes of a whole reply that are no text: its id, its usage, its braces.
    public static let unaryFrame: Int64 = 300

    /// Tokens per byte with 20 binary places.
    private struct Ratios {
        var prompt: Int64 = (1 << UsageEstimator.places) / 4
        var streamed: Int64 = (1 << UsageEstimator.places) / 200
        var unary: Int64 = (1 << UsageEstimator.places) / 4
        /// Tokens of a whole output, with 8 binary places.
        var output: Int64 = 0
        var outputs: Int64 = 0
        /// Calls that were learned from, of each kind; the first ones count for more.
        var prompts: Int64 = 0
        var streams: Int64 = 0
        var unaries: Int64 = 0
    }

    private struct Entry {
        var model: Model
        var ratios = Ratios()
        /// Indexes of the neighbours, -1 at the ends.
        var newer = -1
        var older = -1
    }

    private static let places: Int64 = 20
    /// An older call's weight is halved about every fifth call.
    private static let memory: Int64 = 8
    /// No honest ratio is beyond: a URL of few bytes may stand for an image of thousands of tokens.
    private static let maximumRatio: Int64 = 1024 << UsageEstimator.places
    private static let maximumBytes: Int64 = 1 << 32
    private static let maximumError: Int64 = 10_000

    private var entries: [Entry] = []
    private var index: [Model: Int] = [:]
    private var newest = -1
    private var oldest = -1

    public init() {}

    /// Models it has learned of.
    public var count: Int { self.entries.count }

    /// The tokens of a call that sent `bodyBytes` and was answered with `replyBytes` so far.
    public func estimate(
        _ model: Model, bodyBytes: UInt64, replyBytes: UInt64, isStream: Bool
    ) -> TokenUsage {
        let ratios = self.index[model].map { self.entries[$0].ratios } ?? Ratios()
        return Self.estimate(ratios, bodyBytes, replyBytes, isStream)
    }

    /// How many tokens a call's output usually has, rounded up; nil for a model nothing was learned of.
    public func usualOutput(_ model: Model) -> Int64? {
        guard let place = self.index[model], self.entries[place].ratios.outputs > 0 else { return nil }
        return (self.entries[place].ratios.output + 255) >> 8
    }

    /// Learns from a call whose numbers are known. Returns by how many percent of them (at most 10,000) the estimate for
    /// it would have been wrong; nil for a call without tokens.
    @discardableResult
    public mutating func learn(
        _ model: Model, _ usage: TokenUsage, bodyBytes: UInt64, replyBytes: UInt64, isStream: Bool
    ) -> Int? {
        let prompt = max(0, usage.promptTokens)
        let completion = max(0, usage.completionTokens)
        let (actual, overflow) = prompt.addingReportingOverflow(completion)
        guard !overflow, actual > 0 else { return nil }
        let place = self.place(of: model)
        let guess = Self.estimate(self.entries[place].ratios, bodyBytes, replyBytes, isStream)
        var ratios = self.entries[place].ratios
        Self.adapt(&ratios.prompt, &ratios.prompts, tokens: prompt, bytes: Self.clamped(bodyBytes))
        if isStream {
            Self.adapt(&ratios.streamed, &ratios.streams, tokens: completion, bytes: Self.clamped(replyBytes))
        } else {
            Self.adapt(
                &ratios.unary, &ratios.unaries, tokens: completion, bytes: Self.clamped(replyBytes) - Self.unaryFrame)
        }
        if completion > 0 {
            ratios.outputs = min(ratios.outputs + 1, Self.memory)
            ratios.output += ((min(completion, Self.maximumBytes) << 8) - ratios.output) / ratios.outputs
        }
        self.entries[place].ratios = ratios
        let difference = (guess.input - prompt).magnitude &+ (guess.output - completion).magnitude
        let (scaled, isHuge) = difference.multipliedReportingOverflow(by: 100)
        return isHuge ? Int(Self.maximumError) : Int(min(scaled / actual.magnitude, Self.maximumError.magnitude))
    }

    // MARK: Ratios

    private static func clamped(_ bytes: UInt64) -> Int64 { min(Int64(clamping: bytes), self.maximumBytes) }

    /// Tokens of `bytes`, rounded up: what was sent at all is at least one.
    private static func tokens(_ bytes: Int64, _ ratio: Int64) -> Int64 {
        bytes <= 0 ? 0 : (bytes * ratio + (1 << self.places) - 1) >> self.places
    }

    private static func estimate(
        _ ratios: Ratios, _ bodyBytes: UInt64, _ replyBytes: UInt64, _ isStream: Bool
    ) -> TokenUsage {
        let reply = self.clamped(replyBytes)
        let output =
            isStream ? self.tokens(reply, ratios.streamed) : self.tokens(reply - self.unaryFrame, ratios.unary)
        return TokenUsage(input: self.tokens(self.clamped(bodyBytes), ratios.prompt), output: output)
    }

    /// The mean of the first calls, then an exponential one. A call of no bytes teaches nothing.
    private static func adapt(_ ratio: inout Int64, _ calls: inout Int64, tokens: Int64, bytes: Int64) {
        guard bytes > 0 else { return }
        let (scaled, overflow) = tokens.multipliedReportingOverflow(by: 1 << self.places)
        let seen = overflow ? self.maximumRatio : min(scaled / bytes, self.maximumRatio)
        calls = min(calls + 1, self.memory)
        ratio += (seen - ratio) / calls
    }

    // MARK: Models

    /// The model's entry, which becomes the newest; made where there is none.
    private mutating func place(of model: Model) -> Int {
        if let place = self.index[model] {
            guard place != self.newest else { return place }
            self.unlink(place)
            self.link(place)
            return place
        }
        let place: Int
        if self.entries.count < Self.maximumModels {
            place = self.entries.count
            self.entries.append(Entry(model: model))
        } else {
            place = self.oldest
            self.unlink(place)
            self.index[self.entries[place].model] = nil
            self.entries[place] = Entry(model: model)
        }
        self.index[model] = place
        self.link(place)
        return place
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (self.entries[place].newer, self.entries[place].older)
        if newer >= 0 { self.entries[newer].older = older } else { self.newest = older }
        if older >= 0 { self.entries[older].newer = newer } else { self.oldest = newer }
    }

    private mutating func link(_ place: Int) {
        self.entries[place].newer = -1
        self.entries[place].older = self.newest
        if self.newest >= 0 { self.entries[self.newest].newer = place } else { self.oldest = place }
        self.newest = place
    }
}
