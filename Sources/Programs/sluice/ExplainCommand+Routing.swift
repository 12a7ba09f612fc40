import Administration
import JSON

/// How the request found its answer, in words.
extension ExplainCommand {
    /// Prints nothing where there was one possible target, which answered at once.
    static func print(routing: JSONValue?) {
        guard let routing, case .object = routing else { return }
        let cell = AdministrationOutput.cell
        Self.head("Routing (planned in \(DurationText.text(microseconds: routing["planning_us"]?.integer ?? 0)))")
        Self.write("alias", routing["alias"])
        Self.write("strategy", cell(routing["strategy"]))
        Self.write("tier", routing["tier"])
        for (index, target) in (routing["targets"]?.array ?? []).enumerated() {
            Self.write("target \(index + 1)", Self.place(target) + Self.price(of: target))
        }
        Self.writeMore("targets", routing["more_targets"])
        for target in routing["left_out"]?.array ?? [] {
            Self.write(
                "left out", "\(Self.place(target))\(Self.price(of: target)): \(Self.reason(cell(target["why"])))")
        }
        Self.writeMore("left out", routing["more_left_out"])
        for step in routing["steps"]?.array ?? [] {
            let place = step["provider"]?.string == nil ? "" : "\(Self.place(step)): "
            Self.write("+\(DurationText.text(microseconds: step["at_us"]?.integer ?? 0))", place + Self.sentence(step))
        }
    }

    private static func place(_ value: JSONValue) -> String {
        "\(AdministrationOutput.cell(value["provider"])), \(AdministrationOutput.cell(value["model"]))"
    }

    /// What it takes, and would have taken for what the request has used.
    private static func price(of target: JSONValue) -> String {
        let cell = AdministrationOutput.cell
        guard let price = target["price_usd_per_million_tokens"], case .object = price else {
            return " (price unknown)"
        }
        let cost = target["cost_usd"]?.string == nil ? "" : "; would have cost \(cell(target["cost_usd"])) USD"
        return " (\(cell(price["input"])) in, \(cell(price["output"])) out, USD per million tokens\(cost))"
    }

    static func writeMore(_ name: String, _ count: JSONValue?) {
        guard let count = count?.integer, count > 0 else { return }
        Self.write(name, "and \(count) more")
    }

    private static func reason(_ word: String) -> String {
        switch word {
        case "allow_list": "the key or its project may not use it"
        case "unknown_price": "its price is unknown"
        case "other_tier": "it is of the other tier"
        default: word
        }
    }

    private static func sentence(_ step: JSONValue) -> String {
        let cell = AdministrationOutput.cell
        let attempt = "call \(cell(step["attempt"]))"
        let time = "\(cell(step["ms"])) ms"
        return switch cell(step["what"]) {
        case "called": attempt
        case "breaker_open": "passed over: circuit breaker open, probed in \(time)"
        case "keys_cooling": "passed over: all keys cool down, the first is free in \(time)"
        case "keys_out": "passed over: the provider has refused all keys"
        case "keys_limited": "passed over: all keys have used their minute, the first has room in \(time)"
        case "busy": "passed over: it has as many calls as it may"
        case "queued": "waited \(time) for a free place"
        case "queue_full": "not waited for: it would have taken \(time), or the queue is full"
        case "failed": step["status"]?.integer == 0 ? "failed without a status" : "failed with \(cell(step["status"]))"
        case "waited": "waited \(time) before the next attempt"
        case "retry_budget_spent": "no further attempt: too many of late"
        case "grant_refused": "no further attempt: a limit did not allow it"
        case "hedged": "\(attempt), beside a slow one"
        case "hedge_budget_spent": "no second call beside a slow one: too many of late"
        case "hedge_lost": "\(attempt) ended: the other was faster"
        case "shared": "answered by an identical request's call"
        case let other: other
        }
    }
}
