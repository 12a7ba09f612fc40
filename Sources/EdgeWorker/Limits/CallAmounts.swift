import Domain

/// What one provider call takes at most, or usually.
struct CallAmounts: Hashable {
    var tokens: Int64 = 0
    /// Nano-USD.
    var cost: Int64 = 0

    /// Enough for either.
    static func maximum(_ one: CallAmounts, _ other: CallAmounts) -> CallAmounts {
        CallAmounts(tokens: max(one.tokens, other.tokens), cost: max(one.cost, other.cost))
    }

    static func += (one: inout CallAmounts, other: CallAmounts) {
        let (tokens, tooMany) = one.tokens.addingReportingOverflow(other.tokens)
        let (cost, tooDear) = one.cost.addingReportingOverflow(other.cost)
        one = CallAmounts(tokens: tooMany ? .max : tokens, cost: tooDear ? .max : cost)
    }
}

extension Price {
    /// Pico-USD of the dearest token of a prompt of at most `promptTokens`, and of the output behind it.
    func dearest(promptTokens: Int64) -> (input: Int64, output: Int64) {
        var most = Price.dearest(self.rates)
        for tier in self.tiers where promptTokens > tier.above {
            let rates = Price.dearest(tier.rates)
            most = (max(most.input, rates.input), max(most.output, rates.output))
        }
        return most
    }

    /// Nothing costs anything.
    var isFree: Bool {
        let most = self.dearest(promptTokens: .max)
        return most.input == 0 && most.output == 0
    }

    private static func dearest(_ rates: Rates) -> (input: Int64, output: Int64) {
        var most: (input: Int64, output: Int64) = (0, 0)
        for tokenClass in TokenClass.allCases {
            if tokenClass.isPrompt {
                most.input = max(most.input, rates[tokenClass])
            } else {
                most.output = max(most.output, rates[tokenClass])
            }
        }
        return most
    }
}
