import JSON

// How providers are: a line each, and below it what stands in the way of calls.
extension StatusView {
    private static let columns = ["PROVIDER", "BREAKER", "KEYS", "CALLS", "WAITING", "FIRST TOKEN"]

    var providers: [String] {
        let providers = self.value["providers"]?.array ?? []
        guard !providers.isEmpty else { return [] }
        let rows = providers.map { Self.row($0) }
        let table = self.table(Self.columns, rows) { row, column in
            column == 1 ? self.paint(rows[row][column], Self.colour(providers[row]["breaker"])) : rows[row][column]
        }
        let obstacles = providers.flatMap { Self.obstacles($0) }
        guard !obstacles.isEmpty else { return [""] + table }
        return [""] + table + ["", self.paint("what stands in the way of calls", .yellow)] + obstacles.map { "  \($0)" }
    }

    private static func row(_ provider: JSONValue) -> [String] {
        let cell = AdministrationOutput.cell
        let allowed = provider["concurrency"]?.integer ?? provider["max_connections"]?.integer
        let running = provider["running"]?.integer.map { "\($0)/\(allowed.map { String($0) } ?? "-")" }
        let firstToken = provider["first_token_ms"]?.integer
        return [
            cell(provider["name"]), Self.text(breaker: provider["breaker"]), Self.keys(provider["keys"]?.array ?? []),
            running ?? "-", cell(provider["waiting"]), firstToken.map { "\($0) ms" } ?? "-",
        ]
    }

    private static func state(_ value: JSONValue?) -> String {
        value?["state"]?.string.map { String(decoding: $0, as: UTF8.self) } ?? "-"
    }

    private static func text(breaker: JSONValue?) -> String {
        switch self.state(breaker) {
        case "open": "open, probed in \(self.time(breaker?["seconds_left"]))"
        case "half_open": "half-open"
        case let state: AdministrationOutput.printable(Array(state.utf8))
        }
    }

    private static func colour(_ breaker: JSONValue?) -> Paint.Colour? {
        switch self.state(breaker) {
        case "open": .red
        case "half_open": .yellow
        default: nil
        }
    }

    /// `3 usable, 1 cooling, 1 out`
    private static func keys(_ keys: [JSONValue]) -> String {
        let states = keys.map { self.state($0) }
        let counts = ["usable", "cooling", "out"].compactMap { name -> String? in
            let count = states.count { $0 == name }
            return count > 0 ? "\(count) \(name)" : nil
        }
        return counts.isEmpty ? "-" : counts.joined(separator: ", ")
    }

    private static func obstacles(_ provider: JSONValue) -> [String] {
        let cell = AdministrationOutput.cell
        let name = cell(provider["name"])
        let targets = (provider["targets"]?.array ?? []).map { target in
            "\(name):\(cell(target["model"])): breaker \(self.text(breaker: target["breaker"]))"
        }
        let keys = (provider["keys"]?.array ?? []).flatMap { key -> [String] in
            let title = key["name"]?.string == nil ? "\(name) without a key" : "\(name), key \(cell(key["name"]))"
            let whole = self.text(key: key).map { "\(title): \($0)" }
            let models = (key["models"]?.array ?? []).compactMap { model in
                self.text(key: model).map { "\(title), for \(cell(model["model"])): \($0)" }
            }
            return (whole.map { [$0] } ?? []) + models
        }
        return targets + keys
    }

    /// Why a key is not used; nil where it is.
    private static func text(key: JSONValue) -> String? {
        let wait = self.time(key["seconds_left"])
        switch self.state(key) {
        case "cooling": return "cooling for \(wait)"
        case "out":
            let status = key["status"]?.integer.map { " with \($0)" } ?? ""
            return "refused\(status), tried again in \(wait)"
        default: return nil
        }
    }
}
