extension Price {
    /// The list that holds for a call with so many prompt tokens.
    public func applicable(promptTokens: Int64) -> Rates {
        if let longPrompt = self.longPrompt, promptTokens > longPrompt.above { return longPrompt.rates }
        return self.rates
    }

    /// What the provider takes for a call, in nano-USD: all classes are summed exactly in pico-USD and the sum is rounded
    /// once, half up.
    ///
    /// A negative count or rate, which no honest process makes, counts as zero; a cost beyond Int64 stays at its greatest
    /// value. Whether a provider bills the call at all is not asked here.
    public func cost(of usage: TokenUsage) -> Int64 {
        let rates = self.applicable(promptTokens: usage.promptTokens)
        var picodollars: UInt128 = 0
        for tokenClass in TokenClass.allCases {
            let tokens = UInt128(max(0, usage[tokenClass]))
            // Below 2^126 each, and there are nine: 2^128 could only just be passed.
            let (sum, overflow) = picodollars.addingReportingOverflow(tokens * UInt128(max(0, rates[tokenClass])))
            guard !overflow else { return .max }
            picodollars = sum
        }
        return Int64(clamping: picodollars / 1000 + (picodollars % 1000 >= 500 ? 1 : 0))
    }
}
