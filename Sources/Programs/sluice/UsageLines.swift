import Administration
import JSON

/// The entries of a report about usage as a table for people, and as CSV for programs.
struct UsageLines {
    private let report: JSONValue
    private let dimensions: [String]
    private let period: String?

    init(_ report: JSONValue, by dimensions: [String], per division: UsageCommand.Division?) {
        self.report = report
        self.dimensions = dimensions
        self.period =
            switch division {
            case .day: "date"
            case .hour: "hour"
            case nil: nil
            }
    }

    private var entries: [JSONValue] { self.report["data"]?.array ?? [] }

    func writeTable() {
        let cell = AdministrationOutput.cell
        let from = self.report["from"] ?? self.report["since"]
        let to = self.report["to"] ?? self.report["until"]
        StandardStream.output.write("From \(cell(from)) to \(cell(to))\n\n")
        var rows = self.entries.map { entry in self.group(entry) + Self.columns(entry) }
        let places = (self.period == nil ? 0 : 1) + self.dimensions.count
        // Without a division the one entry is the total.
        if places == 0 { rows = [] }
        let total = ["total"] + Array(repeating: "", count: max(0, places - 1))
        rows.append(total + Self.columns(self.report["total"] ?? .null))
        let head = ([self.period] + self.dimensions).compactMap { $0?.uppercased() }
        AdministrationOutput.write(
            table: rows,
            head: (head.isEmpty ? [""] : head) + [
                "REQUESTS", "ERRORS", "REFUSED", "INPUT", "CACHED", "OUTPUT", "REASONING", "USD", "AVERAGE",
                "95 OF 100",
            ])
        let unpriced = self.report["total"]?["unknown_price"]?.integer ?? 0
        if unpriced > 0 {
            StandardStream.output.write(
                "\n\(unpriced) used tokens of an unknown price: the cost is too low by what they cost\n")
        }
    }

    private func group(_ entry: JSONValue) -> [String] {
        let cell = AdministrationOutput.cell
        let period = self.period.map { [cell(entry.member($0))] } ?? []
        return period
            + self.dimensions.map { name in
                let shown = entry.member("\(name)_name")
                return cell(shown?.string?.isEmpty == false ? shown : entry.member(name))
            }
    }

    private static func columns(_ totals: JSONValue) -> [String] {
        let cell = AdministrationOutput.cell
        let tokens = totals["tokens"] ?? .null
        return [
            cell(totals["requests"]), cell(totals["errors"]), cell(totals["refused"]), String(tokens.promptTokens),
            String(tokens.sum(["cache_read"])), String(tokens.sum(["output", "audio_output"])),
            String(tokens.sum(["reasoning"])), cell(totals["cost_usd"]),
            DurationText.text(microseconds: totals["latency_avg_us"]?.integer),
            DurationText.text(microseconds: totals["latency_p95_us"]?.integer),
        ]
    }

    // MARK: CSV

    /// The members of the entries under their names, those of `tokens` as columns of their own: what the API gives as CSV, too.
    func writeCSV() {
        let first = self.entries.first.map { Self.flat($0) }
        var names = first?.map(\.name) ?? []
        if first == nil { names = self.groupNames + Self.flat(self.report["total"] ?? .null).map(\.name) }
        var lines = CSVText.line(names.map { Array($0.utf8) })
        for entry in self.entries { lines += CSVText.line(Self.flat(entry).map { Self.cell($0.value) }) }
        StandardStream.output.write(String(decoding: lines, as: UTF8.self))
    }

    /// What entries say of their group, where there is none.
    private var groupNames: [String] {
        [self.period].compactMap { $0 }
            + self.dimensions.flatMap { name in
                ["organization", "project", "key"].contains(name) ? [name, "\(name)_name"] : [name]
            }
    }

    private static func cell(_ value: JSONValue) -> [UInt8] {
        if let text = value.string {
            // Amounts are texts, too, and no formulas.
            return text.first == UInt8(ascii: "-") && text.dropFirst().allSatisfy({ (0x2E...0x39).contains($0) })
                ? text : CSVText.cell(text)
        }
        return value.integer.map { Array("\($0)".utf8) } ?? []
    }

    private static func flat(_ entry: JSONValue) -> [(name: String, value: JSONValue)] {
        guard case .object(let members) = entry else { return [] }
        return members.flatMap { member -> [(String, JSONValue)] in
            let name = String(decoding: member.key, as: UTF8.self)
            guard case .object(let tokens) = member.value else { return [(name, member.value)] }
            return tokens.map { ("\(String(decoding: $0.key, as: UTF8.self))_tokens", $0.value) }
        }
    }
}
