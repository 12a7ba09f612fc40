import JSON

/// Answers about catalogues, for people. Pure.
struct CatalogueView {
    let value: JSONValue

    init(_ value: JSONValue) {
        self.value = value
    }

    /// Ends with a newline.
    var text: String {
        let cell = AdministrationOutput.cell
        var lines: [String] = []
        let source = cell(self.value["source"])
        if source == "-" {
            lines.append("The configuration names no catalogue (catalogue.file or catalogue.url).")
        } else {
            let seconds = DurationText.text(seconds: self.value["refresh_seconds"]?.integer ?? 0)
            let how = cell(self.value["apply"]) == "auto" ? "; what is new is applied by itself" : ""
            lines.append("looked at    \(source), every \(seconds)\(how)")
        }
        if let head = self.value["in_force"], head != .null {
            lines.append(
                "in force     \(Self.head(head)), applied \(cell(head["applied"])) by \(cell(head["actor_name"]))")
        } else {
            lines.append("in force     none: what is built in counts")
        }
        if let head = self.value["candidate"], head != .null {
            let isNew = ["added", "removed", "changed"].contains { head[member: $0]?.integer != 0 }
            lines.append(
                "read last    \(Self.head(head)), \(cell(head["checked"])): "
                    + (isNew ? Self.counts(head) + " (`sluice catalogue diff`)" : "nothing new"))
            lines += Self.notes(head["notes"])
        }
        if let failure = self.value["failure"], failure != .null {
            lines.append("failed       \(cell(failure["time"])): \(cell(failure["message"]))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func head(_ head: JSONValue) -> String {
        let cell = AdministrationOutput.cell
        return "\(cell(head["models"])) models of \(cell(head["source"])), digest \(cell(head["digest"]).prefix(12))"
    }

    /// What of the source is not used; prices that are known to have no use here are only counted.
    private static func notes(_ notes: JSONValue?) -> [String] {
        let cell = AdministrationOutput.cell
        var lines: [String] = []
        for (member, words) in [("unknown", "unknown"), ("bad", "not usable")] {
            for field in notes?[member: member]?.array ?? [] {
                lines.append(
                    "\(words)      \(cell(field["field"])) of \(cell(field["models"])) models, such as \(cell(field["first"])): "
                        + cell(field["reason"]))
            }
        }
        for model in notes?["left_out"]?.array ?? [] {
            lines.append("left out     \(cell(model["model"])): \(cell(model["reason"]))")
        }
        let ignored = notes?["ignored"]?.array?.count ?? 0
        if ignored > 0 { lines.append("not used     \(ignored) kinds of prices (--json names them and says why)") }
        return lines
    }

    /// `3 models new, 1 gone, 12 changed`
    static func counts(_ value: JSONValue) -> String {
        let numbers = ["added", "removed", "changed"].map { value[member: $0]?.integer ?? 0 }
        return "\(numbers[0]) models new, \(numbers[1]) gone, \(numbers[2]) changed"
    }

    /// What stands below the changes.
    static func summary(_ value: JSONValue, isWhole: Bool) -> String {
        self.counts(value) + (isWhole ? "" : "; shown are those that configured providers have (--all shows all)")
    }

    /// One model: what is different, a field a line.
    static func change(_ change: JSONValue) -> String {
        let cell = AdministrationOutput.cell
        let kind = cell(change["change"])
        let targets = change["targets"]?.array ?? []
        let names = targets.isEmpty ? "" : " (\(AdministrationOutput.text(change["targets"])))"
        var text = "\(kind == "added" ? "+" : kind == "removed" ? "-" : "~") \(cell(change["model"]))\(names)\n"
        let fields = change["fields"]?.array ?? []
        let width = fields.map { cell($0["field"]).count }.max() ?? 0
        for field in fields {
            let name = cell(field["field"])
            let (old, new) = (cell(field["old"]), cell(field["new"]))
            let values = kind == "added" ? new : kind == "removed" ? old : "\(old) -> \(new)"
            let unit = cell(field["unit"])
            text +=
                "    \(name)\(String(repeating: " ", count: width - name.count))  \(values)"
                + (unit == "-" ? "\n" : " USD per \(unit)\n")
        }
        return text
    }

    /// USD per million tokens.
    static func price(_ model: JSONValue, _ field: String) -> String {
        let price = (model["prices"]?.array ?? []).first { ($0["field"]?.string ?? []).elementsEqual(field.utf8) }
        return AdministrationOutput.cell(price?["usd"])
    }
}

extension JSONValue {
    /// The first member of that name.
    fileprivate subscript(member name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.elementsEqual(name.utf8) }?.value
    }
}
