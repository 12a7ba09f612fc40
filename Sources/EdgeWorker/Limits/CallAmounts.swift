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
