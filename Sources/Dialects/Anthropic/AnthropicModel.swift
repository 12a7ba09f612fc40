/// What a model at Anthropic can do, judged by its name: the only thing a request tells of it.
///
/// Names are read as `claude-sonnet-4-5-20250929`, `claude-3-5-haiku-latest`, `claude-opus-4-20250514` (4.0), `claude-4.7-opus`
/// or `anthropic/claude-opus-5`. A `claude` without a version counts as the newest, since only new ones have none; a name
/// without `claude` is another maker's model behind Anthropic's protocol, which has its older half at best.
struct AnthropicModel: Hashable, Sendable {
    /// Ten times the version, such as 45; nil for another maker's model.
    let version: Int?
    private let isAlwaysThinking: Bool

    init(_ name: [UInt8]) {
        let lower = name.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
        let words = lower.split { !Self.isDigit($0) && !(0x61...0x7A ~= $0) }
        guard let claude = words.firstIndex(where: { $0.elementsEqual("claude".utf8) }) else {
            self.version = nil
            self.isAlwaysThinking = false
            return
        }
        let rest = words[(claude &+ 1)...]
        let major = rest.firstIndex { Self.number($0) != nil }
        let version = major.flatMap { place -> Int? in
            guard let first = Self.number(rest[place]) else { return nil }
            let next = place &+ 1
            let second = next < rest.endIndex ? Self.number(rest[next]) ?? 0 : 0
            return first &* 10 &+ min(second, 9)
        }
        let isOld = rest.contains { $0.elementsEqual("instant".utf8) }
        self.version = version ?? (isOld ? 10 : 99)
        self.isAlwaysThinking = rest.contains {
            $0.elementsEqual("mythos".utf8) || $0.elementsEqual("fable".utf8)
        }
    }

    private func isAtLeast(_ version: Int) -> Bool { self.version.map { $0 >= version } ?? false }

    /// `output_config.format`, and tools that are `strict`.
    var hasFormats: Bool { self.isAtLeast(45) }
    /// `thinking: {type: adaptive}` with `output_config.effort`.
    var hasAdaptiveThinking: Bool { self.isAtLeast(46) }
    /// Thoughts at all, for which 3.7 was the first.
    var canThink: Bool { self.version.map { $0 >= 37 } ?? true }
    /// Thinks unless it is told not to.
    var thinksByDefault: Bool { self.isAtLeast(50) }
    /// Takes no word to stop thinking.
    var cannotStopThinking: Bool { self.isAlwaysThinking || self.isAtLeast(55) }
    /// Refuses `temperature`, `top_p` and `top_k`.
    var refusesSampling: Bool { self.isAtLeast(47) }
    /// Refuses `temperature` beside `top_p`.
    var wantsOneOfTemperatureAndTopP: Bool { self.isAtLeast(41) }
    /// Takes instructions between the messages.
    var hasSystemTurns: Bool { self.isAtLeast(48) }
    /// The effort `xhigh`.
    var hasHighestEfforts: Bool { self.isAtLeast(47) }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 <= 9 }

    /// A number of one or two digits: more of them are a date.
    private static func number(_ word: ArraySlice<UInt8>) -> Int? {
        guard (1...2).contains(word.count), word.allSatisfy(Self.isDigit) else { return nil }
        return word.reduce(0) { $0 &* 10 &+ Int($1 &- 0x30) }
    }
}
