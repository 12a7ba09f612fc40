import Administration
import JSON

/// What the limits had to say, in words.
extension ExplainCommand {
    /// Says also what was not kept.
    static func print(limits: JSONValue?) {
        let cell = AdministrationOutput.cell
        guard let limits, case .object = limits else {
            Self.head("Limits")
            return Self.write("not kept", "an older version has written the record, or its edge has died")
        }
        Self.head("Limits (\(Self.verdict(cell(limits["verdict"]))))")
        if limits["kept"] != .bool(true) {
            Self.write("not kept", "it was admitted and went well, and no budget had come to its soft limit")
        }
        if let wanted = limits["wanted"], case .object = wanted {
            Self.write("wanted", "\(cell(wanted["tokens"])) tokens, \(cell(wanted["cost_usd"])) USD")
        }
        for limit in limits["checked"]?.array ?? [] {
            let isCost = limit["limit"]?.string != nil
            let unit = isCost ? " USD" : ""
            let of = limit["of"]?.string == nil ? "" : " \(cell(limit["of"]))"
            let figures =
                "\(cell(limit["used"])) of \(cell(limit["limit"]))\(unit) used, \(cell(limit["held"])) held, "
                + "\(cell(limit["remaining"])) left"
            let reset = limit["reset_seconds"]?.integer.map { ", \(Self.reset($0, cell(limit["said"])))" } ?? ""
            Self.write(
                cell(limit["scope"]),
                "\(cell(limit["name"])): \(Self.word(cell(limit["said"]))): \(figures)\(reset)\(of)")
        }
        Self.writeMore("limits", limits["more_checked"])
    }

    private static func verdict(_ word: String) -> String {
        switch word {
        case "not_asked": "not asked: the request was over before"
        case "unlimited": "nothing limits it"
        case "admitted": "admitted"
        case "refused": "refused"
        default: word
        }
    }

    private static func word(_ word: String) -> String {
        switch word {
        case "passed": "passed"
        case "warned": "passed, above its soft limit (warned)"
        case "refused": "REFUSED"
        case "refused_attempt": "REFUSED a further call"
        default: word
        }
    }

    private static func reset(_ seconds: Int64, _ word: String) -> String {
        word.hasPrefix("refused") ? "passes in \(seconds) s" : "free again in \(seconds) s"
    }
}
