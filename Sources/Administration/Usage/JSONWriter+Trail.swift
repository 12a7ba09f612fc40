import Domain
import JSON

extension JSONWriter {
    /// How a request found its answer; null where that was plain.
    mutating func trail(_ trail: DecisionTrail?) {
        guard let trail, !trail.isPlain else { return self.null() }
        self.beginObject()
        self.key("alias")
        self.text(trail.alias)
        self.key("strategy")
        self.string(trail.strategy.label)
        self.key("tier")
        self.string(optional: trail.tier?.name)
        self.key("planning_us")
        self.integer(Int64(trail.planning))
        self.key("targets")
        self.beginArray()
        for place in trail.targets {
            self.beginObject()
            self.place(place)
            self.price(of: place)
            self.endObject()
        }
        self.endArray()
        self.key("more_targets")
        self.integer(Int64(trail.moreTargets))
        self.key("left_out")
        self.beginArray()
        for left in trail.leftOut {
            self.beginObject()
            self.place(left.place)
            self.price(of: left.place)
            self.key("why")
            self.string(left.reason.label)
            self.endObject()
        }
        self.endArray()
        self.key("more_left_out")
        self.integer(Int64(trail.moreLeftOut))
        self.key("steps")
        self.beginArray()
        for step in trail.steps { self.step(step, trail.targets) }
        self.endArray()
        self.endObject()
    }

    private mutating func place(_ place: DecisionTrail.Place?) {
        self.key("provider")
        self.text(place?.provider ?? [])
        self.key("model")
        self.text(place?.model ?? [])
    }

    /// What a target takes, and would have taken for what the request has used.
    private mutating func price(of place: DecisionTrail.Place) {
        self.key("price_usd_per_million_tokens")
        if let price = place.price {
            self.beginObject()
            for (name, rate) in [("input", price.input), ("output", price.output)] as [(StaticString, Int64)] {
                self.key(name)
                // Micro-USD per million tokens.
                let (nano, overflow) = rate.multipliedReportingOverflow(by: 1000)
                self.dollars(overflow ? .max : nano)
            }
            self.endObject()
        } else {
            self.null()
        }
        self.key("cost_usd")
        self.dollars(place.price?.cost)
    }

    private mutating func step(_ step: TrailStep, _ targets: [DecisionTrail.Place]) {
        self.beginObject()
        self.key("at_us")
        self.integer(Int64(step.at))
        self.key("what")
        self.string(step.kind.label)
        self.place(Int(step.call) < targets.count ? targets[Int(step.call)] : nil)
        if let name = step.kind.detailName {
            self.key(name)
            self.integer(Int64(step.detail))
        }
        self.endObject()
    }
}

extension RoutePolicy.Strategy {
    /// The word in answers, as in the configuration.
    var label: String {
        switch self {
        case .ordered: "ordered"
        case .weighted: "weighted"
        case .leastLatency: "least_latency"
        case .leastCost: "least_cost"
        case .leastBusy: "least_busy"
        }
    }
}

extension DecisionTrail.Reason {
    /// The word in answers.
    var label: String {
        switch self {
        case .allowList: "allow_list"
        case .unknownPrice: "unknown_price"
        case .otherTier: "other_tier"
        }
    }
}

extension TrailStep.Kind {
    /// The word in answers.
    var label: String {
        switch self {
        case .called: "called"
        case .breakerOpen: "breaker_open"
        case .keysCooling: "keys_cooling"
        case .keysOut: "keys_out"
        case .keysLimited: "keys_limited"
        case .busy: "busy"
        case .queued: "queued"
        case .queueFull: "queue_full"
        case .failed: "failed"
        case .waited: "waited"
        case .retryBudgetSpent: "retry_budget_spent"
        case .grantRefused: "grant_refused"
        case .hedged: "hedged"
        case .hedgeBudgetSpent: "hedge_budget_spent"
        case .hedgeLost: "hedge_lost"
        case .shared: "shared"
        }
    }

    /// What `detail` is; nil where it is nothing.
    fileprivate var detailName: StaticString? {
        switch self {
        case .called, .hedged, .hedgeLost: "attempt"
        case .breakerOpen, .keysCooling, .keysLimited, .queued, .queueFull, .waited: "ms"
        case .failed: "status"
        case .keysOut, .busy, .retryBudgetSpent, .grantRefused, .hedgeBudgetSpent, .shared: nil
        }
    }
}
