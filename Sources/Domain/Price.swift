/// What a provider takes for the tokens of one model.
///
/// A rate is in pico-USD per token, which is the same number as micro-USD per million tokens: $0.075 per million is
/// 75,000. A class without a rate of its own costs what the class does that it is a part of: cached, written, audio and
/// image prompt tokens as `input`; reasoning and audio output as `output`.
public struct Price: Hashable, Sendable {
    /// The rates of one price list.
    public struct Rates: Hashable, Sendable {
        public var input: Int64
        public var output: Int64
        public var cacheRead: Int64?
        public var cacheWrite: Int64?
        public var cacheWriteHour: Int64?
        public var reasoning: Int64?
        public var audioInput: Int64?
        public var audioOutput: Int64?
        public var image: Int64?

        public init(
            input: Int64, output: Int64, cacheRead: Int64? = nil, cacheWrite: Int64? = nil,
            cacheWriteHour: Int64? = nil, reasoning: Int64? = nil, audioInput: Int64? = nil, audioOutput: Int64? = nil,
            image: Int64? = nil
        ) {
            self.input = input
            self.output = output
            self.cacheRead = cacheRead
            self.cacheWrite = cacheWrite
            self.cacheWriteHour = cacheWriteHour
            self.reasoning = reasoning
            self.audioInput = audioInput
            self.audioOutput = audioOutput
            self.image = image
        }

        /// The rate that applies to a class.
        public subscript(_ tokenClass: TokenClass) -> Int64 {
            switch tokenClass {
            case .input: self.input
            case .cacheRead: self.cacheRead ?? self.input
            case .cacheWrite: self.cacheWrite ?? self.input
            case .cacheWriteHour: self.cacheWriteHour ?? self.cacheWrite ?? self.input
            case .output: self.output
            case .reasoning: self.reasoning ?? self.output
            case .audioInput: self.audioInput ?? self.input
            case .audioOutput: self.audioOutput ?? self.output
            case .image: self.image ?? self.input
            }
        }
    }

    /// Other rates for calls with a long prompt: they then apply to all tokens of the call.
    public struct LongPrompt: Hashable, Sendable {
        /// Prompt tokens a call must have more than.
        public var above: Int64
        public var rates: Rates

        public init(above: Int64, rates: Rates) {
            self.above = above
            self.rates = rates
        }
    }

    public var rates: Rates
    public var longPrompt: LongPrompt?

    public init(_ rates: Rates, longPrompt: LongPrompt? = nil) {
        self.rates = rates
        self.longPrompt = longPrompt
    }

    /// An explicit price of nothing, which is not the same as an unknown price.
    public static let free = Price(Rates(input: 0, output: 0))
}

extension Price {
    /// Names this price in journals and the usage database: a hash (FNV-1a) of its content, never 0, the same in every
    /// process and after every restart.
    public var id: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func mix(_ value: Int64?) {
            hash = (hash ^ (value == nil ? 0 : 1)) &* 0x100_0000_01B3
            var rest = UInt64(bitPattern: value ?? 0)
            for _ in 0..<8 {
                hash = (hash ^ (rest & 0xFF)) &* 0x100_0000_01B3
                rest >>= 8
            }
        }
        for rates in [self.rates, self.longPrompt?.rates] {
            guard let rates else { continue }
            for value in [
                rates.input, rates.output, rates.cacheRead, rates.cacheWrite, rates.cacheWriteHour, rates.reasoning,
                rates.audioInput, rates.audioOutput, rates.image,
            ] { mix(value) }
        }
        mix(self.longPrompt?.above)
        return hash == 0 ? 1 : hash
    }
}
