import Administration
import ArgumentParser
import JSON

/// `sluice explain`: everything about one request.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract:
            "Everything about one request: who, its limits, its route, its provider calls, prices, where the time went.",
        discussion: """
            A running gateway is asked over its socket; while it is stopped its files are read directly. What a request's record \
            does not keep is said; docs/usage.md tells why.

            Exit status: 0 found, 1 there is no such request, 2 wrong usage, 69 a gateway runs but does not answer, 70 to 79 files \
            or configuration that cannot be used.
            """)

    @OptionGroup var option: ConfigurationOption
    @Argument(help: "The record: the reply header x-sluice-record, or the second column of `sluice requests`.")
    var record: String
    @Flag(help: "Print JSON: the body of GET /api/v1/requests/RECORD.")
    var json = false

    func run() throws {
        // A path is made of it.
        guard !self.record.isEmpty, !self.record.utf8.contains(UInt8(ascii: "/")) else {
            throw ValidationError("a record is 32 hexadecimal digits")
        }
        let (text, value) = try AdministrationOutput.body(of: self.option, .get, ["requests", self.record])
        guard !self.json else { return AdministrationOutput.write(json: text) }
        Self.print(value["request"] ?? .null, value["caller"] ?? .null)
        Self.print(limits: value["limits"])
        Self.print(routing: value["routing"])
        Self.print(stages: value["stages"])
        for attempt in value["attempts"]?.array ?? [] { Self.print(attempt: attempt) }
    }

    private static func print(_ request: JSONValue, _ caller: JSONValue) {
        let cell = AdministrationOutput.cell
        let isOpen = request["settled_by"]?.string == nil
        Self.head("Request \(cell(request["record"]))")
        Self.write("came", cell(request["time"]))
        Self.write("organization", cell(request["organization"]))
        Self.write("project", Self.named(request["project"], request["project_name"]))
        Self.write("user", request["user"])
        Self.write("key", Self.named(request["key"], request["key_name"]))
        Self.write("key begins", caller["prefix"])
        Self.write("known by", Self.way(cell(caller["by"]), cell(caller["settings"])))
        let stream = request["stream"] == .bool(true) ? ", as a stream" : ""
        Self.write("asked for", "\(cell(request["model"])) (\(cell(request["endpoint"]))\(stream))")
        Self.write("went to", "\(cell(request["provider"])), \(cell(request["model_sent"]))")
        Self.write("status", isOpen ? "running" : "\(cell(request["status"])), \(cell(request["outcome"]))")
        Self.write("error", request["error"])
        Self.write("finish", request["finish"])
        Self.write("settled by", request["settled_by"])
        Self.write("tokens", Self.tokens(request["tokens"]) + " (\(cell(request["usage_source"])))")
        Self.write("cost", request["cost_usd"]?.string == nil ? "unknown" : "\(cell(request["cost_usd"])) USD")
        Self.write("calls", cell(request["attempts"]))
        Self.write("bytes", "\(cell(request["body_bytes"])) in, \(cell(request["reply_bytes"])) out")
        Self.write("label", request["label"])
        Self.write("trace", request["trace_id"])
        Self.write("tags", request["tags"])
    }

    private static func print(stages: JSONValue?) {
        guard let stages else { return }
        Self.head("Time from the head of the request")
        let names: [(String, StaticString)] = [
            ("caller known", "authenticated_us"), ("body whole", "received_us"), ("planned", "planned_us"),
            ("limits asked", "admitted_us"), ("handed on", "dispatched_us"), ("first byte", "first_byte_us"),
            ("end", "total_us"),
        ]
        for (name, member) in names {
            guard let time = stages[member]?.integer else { continue }
            Self.write(name, DurationText.text(microseconds: time))
        }
    }

    /// How it was found out who sends the request.
    private static func way(_ by: String, _ settings: String) -> String {
        let way =
            switch by {
            case "key": "its key, looked up in the table of keys"
            case "static_key": "the static key of the configuration"
            case "anonymous": "no key"
            default: "nothing that was kept"
            }
        return switch settings {
        case "cached": "\(way); its limits and models were known from a request before (cached)"
        case "read": "\(way); its limits and models were read"
        default: way
        }
    }

    private static func print(attempt: JSONValue) {
        let cell = AdministrationOutput.cell
        let hasEnded = attempt["status"]?.integer != nil
        Self.head("Provider call \(cell(attempt["number"])) (\(cell(attempt["client_request_id"])))")
        Self.write("to", "\(cell(attempt["provider"])), \(cell(attempt["model"]))")
        Self.write("key", attempt["key_name"])
        if hasEnded { Self.write("finish", attempt["finish"]) }
        Self.write("upstream", "\(cell(attempt["upstream"]))")
        Self.write("started", cell(attempt["started"]))
        Self.write("status", hasEnded ? cell(attempt["status"]) : "it is not known how it ended, or it runs")
        Self.write("error", attempt["error"])
        Self.write("billed", cell(attempt["billed"]))
        if hasEnded {
            Self.write("tokens", Self.tokens(attempt["tokens"]) + " (\(cell(attempt["usage_source"])))")
            if case .object = attempt["units"] { Self.write("units", Self.tokens(attempt["units"])) }
            Self.write("service", attempt["service"])
            Self.write("cost", attempt["cost_usd"]?.string == nil ? "unknown" : "\(cell(attempt["cost_usd"])) USD")
        }
        Self.write("price", Self.price(attempt["price_usd_per_million_tokens"], of: attempt))
        if hasEnded { Self.write("bytes", "\(cell(attempt["reply_bytes"])) of reply") }
        let stages: [(String, StaticString)] = [
            ("connected", "connected_us"), ("first content", "first_content_us"), ("end", "total_us"),
        ]
        for (name, member) in stages {
            guard let time = attempt[member]?.integer, time > 0 else { continue }
            Self.write(name, DurationText.text(microseconds: time))
        }
    }

    // MARK: Lines

    static func head(_ text: String) {
        StandardStream.output.write("\(text)\n")
    }

    static func write(_ name: String, _ value: String) {
        StandardStream.output.write("  \(name)\(String(repeating: " ", count: max(1, 14 - name.count)))\(value)\n")
    }

    /// Nothing for null.
    static func write(_ name: String, _ value: JSONValue?) {
        guard value?.string?.isEmpty == false else { return }
        Self.write(name, AdministrationOutput.cell(value))
    }

    private static func named(_ id: JSONValue?, _ name: JSONValue?) -> String {
        let cell = AdministrationOutput.cell
        return name?.string == nil ? cell(id) : "\(cell(name)) (\(cell(id)))"
    }

    private static func tokens(_ tokens: JSONValue?) -> String {
        guard case .object(let members) = tokens, !members.isEmpty else { return "none" }
        return members.map { "\(AdministrationOutput.cell($0.value)) \(String(decoding: $0.key, as: UTF8.self))" }
            .joined(separator: ", ")
    }

    /// The rates of the service, and of the classes that were used, or of input and output; and those of units.
    private static func price(_ price: JSONValue?, of attempt: JSONValue) -> String {
        guard let price else { return "unknown" }
        var list = price
        if case .object(let services) = price["services"], let service = attempt["service"]?.string {
            list = services.first { $0.key == service }?.value ?? price
        }
        guard case .object(let members) = list else { return "unknown" }
        var used = Set(["input", "output"].map { Array($0.utf8) })
        if case .object(let classes) = attempt["tokens"] { used.formUnion(classes.map(\.key)) }
        let rates = members.filter { used.contains($0.key) }.map(Self.rate)
        var text = "\(rates.joined(separator: ", ")) USD per million tokens"
        if case .object(let units) = list["units"] {
            text += ", \(units.map(Self.rate).joined(separator: ", ")) USD"
        }
        if let tiers = list["tiers"]?.array, !tiers.isEmpty {
            let bounds = tiers.map { AdministrationOutput.cell($0["above"]) }.joined(separator: ", ")
            text += "; other rates above \(bounds) prompt tokens"
        }
        return text
    }

    private static func rate(_ member: JSONValue.Member) -> String {
        "\(AdministrationOutput.cell(member.value)) \(String(decoding: member.key, as: UTF8.self))"
    }
}
