import ArgumentParser
import Domain
import JSON

/// Every kind of limit, as the commands take them: a number, `none` for the default, `unlimited`.
struct LimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Requests a minute.", valueName: "n"))
    var requestsPerMinute: String?
    @Option(help: ArgumentHelp("Requests an hour.", valueName: "n"))
    var requestsPerHour: String?
    @Option(help: ArgumentHelp("Requests a day (24 hours).", valueName: "n"))
    var requestsPerDay: String?
    @Option(help: ArgumentHelp("Tokens a minute.", valueName: "n"))
    var tokensPerMinute: String?
    @Option(help: ArgumentHelp("Tokens a day (24 hours).", valueName: "n"))
    var tokensPerDay: String?
    @Option(help: ArgumentHelp("Requests at the same time.", valueName: "n"))
    var concurrency: String?
    @Option(help: ArgumentHelp("Tokens a calendar day.", valueName: "n"))
    var tokensDaily: String?
    @Option(help: ArgumentHelp("Tokens a calendar week.", valueName: "n"))
    var tokensWeekly: String?
    @Option(
        name: [.customLong("tokens-monthly"), .customLong("monthly-tokens")],
        help: ArgumentHelp("Tokens a calendar month.", valueName: "n"))
    var tokensMonthly: String?
    @Option(help: ArgumentHelp("Tokens in all.", valueName: "n"))
    var tokensTotal: String?
    @Option(help: ArgumentHelp("US dollars a calendar day, such as 12.50.", valueName: "usd"))
    var costDaily: String?
    @Option(help: ArgumentHelp("US dollars a calendar week.", valueName: "usd"))
    var costWeekly: String?
    @Option(
        name: [.customLong("cost-monthly"), .customLong("monthly-cost")],
        help: ArgumentHelp("US dollars a calendar month.", valueName: "usd"))
    var costMonthly: String?
    @Option(help: ArgumentHelp("US dollars in all.", valueName: "usd"))
    var costTotal: String?

    private var given: [(kind: LimitKind, text: String?)] {
        [
            (.requestsPerMinute, self.requestsPerMinute),
            (.requestsPerHour, self.requestsPerHour),
            (.requestsPerDay, self.requestsPerDay),
            (.tokensPerMinute, self.tokensPerMinute),
            (.tokensPerDay, self.tokensPerDay),
            (.concurrency, self.concurrency),
            (.dailyTokens, self.tokensDaily),
            (.weeklyTokens, self.tokensWeekly),
            (.monthlyTokens, self.tokensMonthly),
            (.totalTokens, self.tokensTotal),
            (.dailyCost, self.costDaily),
            (.weeklyCost, self.costWeekly),
            (.monthlyCost, self.costMonthly),
            (.totalCost, self.costTotal),
        ]
    }

    /// Said while the command line is read, so that the usage beside it is that of the command.
    mutating func validate() throws { _ = try self.members() }

    /// The members of a request for the options that were given.
    func members() throws -> [JSONValue.Member] {
        try self.given.compactMap { kind, text in
            guard let text else { return nil }
            return JSONValue.Member("\(kind.name)", try Self.value(text, kind))
        }
    }

    private static func value(_ text: String, _ kind: LimitKind) throws -> JSONValue {
        if text.utf8.elementsEqual("none".utf8) { return .null }
        if text.utf8.elementsEqual("unlimited".utf8) { return .string(Array("unlimited".utf8)) }
        let option = "--" + "\(kind.name)".replacing("_", with: "-")
        guard kind.unit == .cost else {
            guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(text) else {
                throw ValidationError("\(option) needs a whole number, none or unlimited, not '\(text)'")
            }
            return .integer(number)
        }
        guard let cost = MoneyText.nanoDollars(text) else {
            throw ValidationError(
                "\(option) needs US dollars with at most 9 decimals, none or unlimited, not '\(text)'")
        }
        return .string(Array(MoneyText.text(nanoDollars: cost).utf8))
    }

    /// The limits among the members of an answer, in one cell of a table.
    static func summary(of value: JSONValue) -> String {
        let set = LimitKind.allCases.compactMap { kind -> String? in
            let cell = AdministrationOutput.cell(value[kind.name])
            return cell == "-" ? nil : "\(kind.name)=\(cell)"
        }
        return set.isEmpty ? "-" : set.joined(separator: " ")
    }
}
