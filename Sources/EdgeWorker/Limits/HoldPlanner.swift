import Domain
import IPC
import Limits

/// Decides what a request holds of its limits while it runs: enough for a call to any of its targets. Pure.
struct HoldPlanner {
    /// What has to be held at all, by the limits that are in force.
    struct Needs: OptionSet {
        let rawValue: UInt8
        static let tokenWindow = Needs(rawValue: 1)
        static let tokenBudget = Needs(rawValue: 2)
        static let costBudget = Needs(rawValue: 4)

        init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// `mask` has a bit for each kind of limit that somebody has.
        init(mask: UInt16) {
            var needs: Needs = []
            if mask & Needs.tokenWindows != 0 { needs.insert(.tokenWindow) }
            if mask & Needs.tokenBudgets != 0 { needs.insert(.tokenBudget) }
            if mask & Needs.costBudgets != 0 { needs.insert(.costBudget) }
            self = needs
        }

        private static let tokenWindows = mask { $0.unit == .tokens && !$0.isBudget }
        private static let tokenBudgets = mask { $0.unit == .tokens && $0.isBudget }
        private static let costBudgets = mask { $0.unit == .cost }

        private static func mask(_ isMeant: (LimitKind) -> Bool) -> UInt16 {
            LimitKind.allCases.filter(isMeant).reduce(0) { $0 | 1 << UInt16($1.rawValue) }
        }
    }

    /// A target of the request's plan.
    struct Place {
        var facts: ModelFacts
        /// nil: unknown, which is not zero.
        var price: Price?
        var learned: CallEstimate.Learned
    }

    let needs: Needs
    let mode: BudgetMode
    let places: [Place]
    var estimate: CallEstimate

    /// A budget must not be overspent.
    private var isStrict: Bool { self.mode == .strict && !self.needs.isDisjoint(with: [.tokenBudget, .costBudget]) }

    /// What is held for a call to any of the places.
    func amounts() throws(GatewayError) -> CallAmounts {
        var most = CallAmounts()
        for place in self.places { most = .maximum(most, try self.amounts(place)) }
        return most
    }

    /// What is held for one more call to a place.
    func amounts(at place: Int) throws(GatewayError) -> CallAmounts { try self.amounts(self.places[place]) }

    private func amounts(_ place: Place) throws(GatewayError) -> CallAmounts {
        guard self.isBounded(place) else {
            let usual = self.estimate.usually(place.facts, place.price, place.learned)
            let isTokenBudget = self.needs.contains(.tokenBudget) && self.mode == .estimate
            return CallAmounts(
                tokens: isTokenBudget ? usual.tokens : self.window(place),
                cost: self.needs.contains(.costBudget) ? usual.cost : 0)
        }
        let isTokenBudget = self.needs.contains(.tokenBudget)
        guard let tokens = isTokenBudget ? self.estimate.mostTokens(place.facts) : self.window(place),
            let cost = self.needs.contains(.costBudget) ? self.estimate.mostCost(place.facts, place.price) : 0
        else { throw .unboundedPrompt }
        return CallAmounts(tokens: tokens, cost: cost)
    }

    /// What may have been used beyond what `attempts` say, of a request that was broken off: a provider that was not listened to the
    /// end may take money for all it has produced, unseen reasoning too. Nothing where a budget may be exceeded by a guess.
    func untold(_ attempts: [AttemptReport]) -> CallAmounts {
        var untold = CallAmounts()
        guard self.isStrict else { return untold }
        for attempt in attempts
        where attempt.billed != .no && attempt.usageSource != .provider && !attempt.error.isEmpty {
            let isFirst = attempt.number <= 1 || Int(attempt.call) >= self.places.count
            guard let held = try? isFirst ? self.amounts() : self.amounts(at: Int(attempt.call)) else { continue }
            let said = attempt.usage ?? TokenUsage()
            let (prompt, output) = (max(0, said.promptTokens), max(0, said.completionTokens))
            let tokens = self.needs.contains(.tokenBudget) ? held.tokens - min(prompt, held.tokens) : 0
            let cost = self.needs.contains(.costBudget) ? held.cost - max(0, attempt.cost ?? 0) : 0
            untold += CallAmounts(tokens: max(0, tokens - output), cost: max(0, cost))
        }
        return untold
    }

    /// Whether the most that a call can take counts: not where all of it costs nothing, or nobody knows what.
    private func isBounded(_ place: Place) -> Bool {
        guard self.isStrict else { return false }
        return self.needs.contains(.tokenBudget) || place.price.map { !$0.isFree } ?? false
    }

    private func window(_ place: Place) -> Int64 {
        self.needs.contains(.tokenWindow) ? self.estimate.forWindow(place.facts, place.learned) : 0
    }

    /// The limit the output has to be given in the body for a place; nil where it stays as it is.
    func insertedOutput(at place: Int) -> Int64? {
        self.isBounded(self.places[place]) ? self.estimate.insertedOutput(self.places[place].facts) : nil
    }

    /// Cuts the output down so that what `refusal` leaves is enough. False where that is too little for a reply, or the
    /// output has nothing to do with it.
    mutating func cut(_ refusal: LimitRefusal) -> Bool {
        guard self.isStrict, refusal.kind.unit != .requests,
            refusal.kind.isBudget || self.needs.contains(.tokenBudget)
        else { return false }
        var most = Int64.max
        var bound: Int64 = 0
        for place in self.places where self.isBounded(place) {
            guard
                let affordable = self.estimate.affordableOutput(
                    refusal.remaining, refusal.kind.unit, place.facts, place.price),
                let now = self.estimate.mostOutput(place.facts)
            else { return false }
            most = min(most, affordable)
            bound = max(bound, now)
        }
        guard bound > 0, most >= min(CallEstimate.leastOutput, self.estimate.askedOutput ?? .max) else { return false }
        // Where there is room by now for what was refused before, it is simply tried again.
        if most < bound { self.estimate.outputLimit = most }
        return true
    }
}
