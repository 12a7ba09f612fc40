import Domain
import JSON
import UsageStore

/// The entries of a report, as members of JSON objects and as CSV (RFC 4180): the same facts under the same names.
struct UsageTable {
    /// What an entry's period is called.
    enum Period: String {
        case day = "date"
        case hour = "hour"
    }

    private enum Value {
        case text([UInt8]?)
        case whole(Int64?)
        case dollars(Int64)
    }

    /// Nil where the period was not divided.
    let period: Period?
    let dimensions: [RollupDimension]
    let names: any EntityNames

    // MARK: JSON

    func write(_ entry: RollupReport.Entry, to writer: inout JSONWriter) {
        for (name, value) in self.group(entry) { self.write(name, value, to: &writer) }
        self.write(entry.totals, to: &writer)
    }

    func write(_ totals: RollupTotals, to writer: inout JSONWriter) {
        for (name, value) in Self.counts(totals) { self.write(name, value, to: &writer) }
        writer.key("tokens")
        writer.tokens(totals.usage, onlyUsed: false)
        for (name, value) in Self.amounts(totals) { self.write(name, value, to: &writer) }
    }

    private func write(_ name: String, _ value: Value, to writer: inout JSONWriter) {
        writer.key(Array(name.utf8))
        switch value {
        case .text(let text): if let text { writer.string(text) } else { writer.null() }
        case .whole(let value): writer.integer(optional: value)
        case .dollars(let nano): writer.dollars(nano)
        }
    }

    // MARK: CSV

    /// The first line.
    var head: [UInt8] {
        let totals = RollupTotals()
        let group = self.group(
            RollupReport.Entry(period: 0, groups: self.dimensions.map { _ in .unknown }, totals: totals))
        let names =
            group.map(\.0) + Self.counts(totals).map(\.0) + TokenClass.allCases.map { "\($0.label)_tokens" }
            + Self.amounts(totals).map(\.0)
        return CSVText.line(names.map { Array($0.utf8) })
    }

    /// The line of an entry.
    func line(_ entry: RollupReport.Entry) -> [UInt8] {
        let tokens = TokenClass.allCases.map { Value.whole(entry.totals.usage[$0]) }
        let values =
            self.group(entry).map(\.1) + Self.counts(entry.totals).map(\.1) + tokens
            + Self.amounts(entry.totals).map(\.1)
        return CSVText.line(values.map(Self.cell))
    }

    private static func cell(_ value: Value) -> [UInt8] {
        switch value {
        case .whole(let value): return value.map { Array("\($0)".utf8) } ?? []
        case .dollars(let nano): return Array(MoneyText.text(nanoDollars: nano).utf8)
        case .text(let text): return text.map { CSVText.cell($0) } ?? []
        }
    }

    // MARK: What an entry says

    private func group(_ entry: RollupReport.Entry) -> [(String, Value)] {
        var members: [(String, Value)] = []
        if let period {
            members.append((period.rawValue, .text(entry.period.map { Array(Self.text($0, period).utf8) })))
        }
        for (dimension, group) in zip(self.dimensions, entry.groups) {
            switch dimension {
            case .organization, .project, .key, .user:
                var id: EntityID?
                if case .entity(let known) = group { id = known }
                members.append((dimension.rawValue, .text(id.map { Array($0.text(dimension.kind).utf8) })))
                guard dimension != .user else { continue }
                let name = id.flatMap { self.names.name(of: $0, dimension) }
                members.append(("\(dimension.rawValue)_name", .text(name.map { Array($0.utf8) })))
            case .provider, .model, .modelSent:
                var name: [UInt8]?
                if case .name(let known) = group { name = known }
                members.append((dimension.rawValue, .text(name)))
            }
        }
        return members
    }

    private static func text(_ number: Int64, _ period: Period) -> String {
        switch period {
        case .day: return UsageDay.text(number)
        case .hour:
            let (milliseconds, overflow) = UInt64(max(0, number)).multipliedReportingOverflow(by: 3_600_000)
            return TimeText.text(milliseconds: overflow ? 0 : milliseconds)
        }
    }

    private static func counts(_ totals: RollupTotals) -> [(String, Value)] {
        [
            ("requests", totals.requests), ("errors", totals.errors), ("client_errors", totals.clientErrors),
            ("provider_errors", totals.providerErrors), ("gateway_errors", totals.gatewayErrors),
            ("refused", totals.refused), ("disconnected", totals.disconnected), ("recovered", totals.recovered),
            ("estimated", totals.estimated), ("unknown_price", totals.unknownPrice), ("cache_hits", totals.cacheHits),
        ].map { ($0.0, .whole($0.1)) }
    }

    private static func amounts(_ totals: RollupTotals) -> [(String, Value)] {
        [("cost_usd", .dollars(totals.cost))]
            + [
                ("latency_avg_us", totals.latency.average), ("latency_p95_us", totals.latency.p95),
                ("first_byte_avg_us", totals.firstByte.average), ("first_byte_p95_us", totals.firstByte.p95),
            ].map { ($0.0, .whole($0.1)) }
    }

    // MARK: Schemas

    /// What `write` writes of totals.
    static let totals: [APISchema.Member] = {
        let none = RollupTotals()
        let counts = Self.counts(none).map { APISchema.Member($0.0, .whole) }
        let tokens = APISchema.Member(
            "tokens", .object(TokenClass.allCases.map { APISchema.Member($0.label, .whole) }))
        let times = Self.amounts(none).dropFirst().map { APISchema.Member($0.0, .nullable(.whole)) }
        return counts + [tokens, .init("cost_usd", .amount)] + times
    }()

    /// What it may write of a group: by what was added up.
    static let group: [APISchema.Member] =
        (RollupDimension.allCases.map(\.rawValue) + ["organization_name", "project_name", "key_name"]).map {
            APISchema.Member($0, .nullable(.string()), required: false)
        }
}

extension RollupDimension {
    /// Of those that are entities.
    fileprivate var kind: EntityID.Kind {
        switch self {
        case .organization: .organization
        case .key: .key
        case .user: .user
        case .project, .provider, .model, .modelSent: .project
        }
    }
}

extension EntityNames {
    fileprivate func name(of id: EntityID, _ dimension: RollupDimension) -> String? {
        switch dimension {
        case .organization: self.organizationName(id)
        case .project: self.projectName(id)
        case .key: self.keyName(id)
        case .user, .provider, .model, .modelSent: nil
        }
    }
}
