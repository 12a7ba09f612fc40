import Domain
import JSON
import Reconciliation

/// What came of a comparison with a provider's export, for people and for programs.
struct ReconcileView {
    let export: ProviderExport
    let result: Reconciliation
    let usage: [GatewayUsage]
    let providers: [String]
    /// Those of them of which nothing was found.
    let silent: [String]
    let period: ClosedRange<Int64>
    let tolerance: String
    /// The day it is in UTC, since 1970.
    let today: Int64

    // MARK: For people

    /// `all`: also the numbers that agree.
    func write(all: Bool) {
        let output = StandardStream.output
        output.write(
            "\(self.export.format.rawValue) beside \(self.providers.joined(separator: ", ")), "
                + "\(ReconcileCommand.text(self.period.lowerBound)) to \(ReconcileCommand.text(self.period.upperBound)), days in UTC\n"
        )
        let rows = self.result.rows.filter { all || !$0.isWithin }
        let places = Set(rows.map(Self.place))
        // Of one day they would say the same again.
        let totals = self.period.count == 1 ? [] : self.result.totals.filter { places.contains(Self.place($0)) }
        if !rows.isEmpty {
            let isSure = (rows + totals).allSatisfy { $0.estimated == 0 && $0.unknown == 0 }
            output.write("\n")
            AdministrationOutput.write(
                table: (rows + totals).map { self.cells($0, isSure: isSure) },
                head: ["DAY", "MODEL", "CLASS", "EXPORT", "SLUICE", "DIFFERENCE"]
                    + (isSure ? [] : ["OF IT ESTIMATED", "UNKNOWN BESIDE"]))
        }
        output.write("\n")
        for note in self.notes { output.write("\(note)\n") }
        output.write("\(self.verdict)\n")
    }

    private func cells(_ row: Reconciliation.Row, isSure: Bool) -> [String] {
        let sign = row.difference > 0 ? "+" : ""
        let cells = [
            row.day.map(ReconcileCommand.text) ?? "all days", Self.shown(row.model), row.compared.rawValue,
            String(row.export), String(row.gateway), "\(sign)\(row.difference)",
        ]
        return cells + (isSure ? [] : [String(row.estimated), String(row.unknown)])
    }

    /// Model and class of a row.
    private static func place(_ row: Reconciliation.Row) -> [UInt8] {
        row.model + [0] + Array(row.compared.rawValue.utf8)
    }

    private var differing: Int { self.result.rows.filter { !$0.isWithin }.count }

    private var verdict: String {
        let count = self.result.rows.count
        guard count > 0 else { return "Neither side has used anything on these days." }
        let within = self.tolerance == "0" ? "" : " by more than \(self.tolerance)"
        switch self.differing {
        case 0: return "No number of \(count) differs\(within)."
        case 1: return "1 number of \(count) differs\(within)."
        default: return "\(self.differing) numbers of \(count) differ\(within)."
        }
    }

    /// What one should know besides the numbers, each in a line.
    private var notes: [String] {
        var notes = self.export.notes
        for match in self.result.names.matches {
            notes.append(
                "\(Self.shown(match.sent)) is \(Self.shown(match.export)) in the export"
                    + (match.isGiven ? "" : ", by its name without the date"))
        }
        for choice in self.result.names.choices {
            let names = choice.exports.map(Self.shown).joined(separator: ", ")
            notes.append(
                "\(Self.shown(choice.sent)) could be each of \(names): --model \(Self.shown(choice.sent))=NAME")
        }
        notes += self.result.names.unsent.map { "nothing was sent as \(Self.shown($0)), which --model names" }
        notes += self.result.names.unexported.map { "the export has nothing of \(Self.shown($0)), which --model names" }
        notes += self.result.exportOnly.map { "\(Self.shown($0)) is in the export only" }
        notes += self.result.gatewayOnly.map { "\(Self.shown($0)) is in Sluice only" }
        notes += self.silent.map {
            "Sluice knows nothing of the provider \(Self.shown(Array($0.utf8))) on these days"
        }
        return notes + self.notesOfDays + self.notesOfCalls
    }

    private var notesOfDays: [String] {
        var notes: [String] = []
        let parts = self.export.days.filter { self.period.contains($0.key) && $0.value < 86_400_000 }.keys.sorted()
        if !parts.isEmpty { notes.append("the export has a part only of \(Self.days(parts))") }
        // The console's file leaves out days on which nothing was used.
        if self.export.format != .anthropicCSV {
            let known = self.export.days.keys.filter { self.period.contains($0) }.count
            let missing = self.period.count - known
            if missing > 0 { notes.append("the export has nothing of \(missing) of these days") }
        }
        let outside = self.export.days.keys.filter { !self.period.contains($0) }.count
        if outside > 0 { notes.append("\(outside) other days of the export are not compared") }
        if self.period.upperBound >= self.today { notes.append("\(ReconcileCommand.text(self.today)) is not over") }
        return notes
    }

    private var notesOfCalls: [String] {
        var notes: [String] = []
        let estimated = self.usage.filter { $0.isBilled && $0.isEstimated }.reduce(Int64(0)) {
            $0.addingClamped($1.calls)
        }
        if estimated > 0 {
            notes.append(
                "\(estimated) calls have tokens that are estimated, because the provider's numbers did not come")
        }
        let unknown = self.usage.filter { !$0.isBilled }.reduce(Int64(0)) { $0.addingClamped($1.calls) }
        if unknown > 0 {
            notes.append(
                "\(unknown) calls are left out of which nobody knows whether the provider takes money for them")
        }
        return notes
    }

    private static func days(_ days: [Int64]) -> String {
        days.prefix(5).map(ReconcileCommand.text).joined(separator: ", ")
            + (days.count > 5 ? " and \(days.count - 5) more" : "")
    }

    private static func shown(_ model: [UInt8]) -> String { AdministrationOutput.printable(model) }

    // MARK: For programs

    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("format")
        writer.string(self.export.format.rawValue)
        writer.key("providers")
        Self.write(self.providers.map { Array($0.utf8) }, to: &writer)
        writer.key("from")
        writer.string(ReconcileCommand.text(self.period.lowerBound))
        writer.key("to")
        writer.string(ReconcileCommand.text(self.period.upperBound))
        writer.key("tolerance")
        writer.string(self.tolerance)
        writer.key("is_within")
        writer.bool(self.result.isWithin)
        writer.key("compared")
        writer.integer(Int64(self.result.rows.count))
        writer.key("differing")
        writer.integer(Int64(self.differing))
        writer.key("rows")
        Self.write(self.result.rows, to: &writer)
        writer.key("totals")
        Self.write(self.result.totals, to: &writer)
        writer.key("models")
        writer.beginArray()
        for match in self.result.names.matches {
            writer.beginObject()
            writer.key("sent")
            writer.string(match.sent)
            writer.key("export")
            writer.string(match.export)
            writer.key("by")
            writer.string(match.isGiven ? "option" : "date")
            writer.endObject()
        }
        writer.endArray()
        writer.key("export_only")
        Self.write(self.result.exportOnly, to: &writer)
        writer.key("sluice_only")
        Self.write(self.result.gatewayOnly, to: &writer)
        writer.key("notes")
        Self.write(self.notes.map { Array($0.utf8) }, to: &writer)
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ texts: [[UInt8]], to writer: inout JSONWriter) {
        writer.beginArray()
        for text in texts { writer.string(text) }
        writer.endArray()
    }

    private static func write(_ rows: [Reconciliation.Row], to writer: inout JSONWriter) {
        writer.beginArray()
        for row in rows {
            writer.beginObject()
            if let day = row.day {
                writer.key("date")
                writer.string(ReconcileCommand.text(day))
            }
            writer.key("model")
            writer.string(row.model)
            writer.key("class")
            writer.string(row.compared.rawValue)
            for (name, value) in [
                ("export", row.export), ("sluice", row.gateway), ("difference", row.difference),
                ("estimated", row.estimated), ("unknown", row.unknown),
            ] {
                writer.key(Array(name.utf8))
                writer.integer(value)
            }
            writer.key("is_within")
            writer.bool(row.isWithin)
            writer.endObject()
        }
        writer.endArray()
    }
}
