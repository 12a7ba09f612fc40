internal import Domain

/// A provider's export beside what Sluice knows, number by number.
public struct Reconciliation: Hashable, Sendable {
    /// One number of the export.
    public struct Row: Hashable, Sendable {
        /// The day in UTC, since 1970; nil for the sum over all days.
        public var day: Int64?
        /// As the export calls it.
        public var model: [UInt8]
        public var compared: ComparedClass
        public var export: Int64
        public var gateway: Int64
        /// How much of `gateway` is estimated, because the provider's own numbers did not come.
        public var estimated: Int64
        /// How much more it is if the provider takes money for the calls of which nobody knows it; not in `gateway`.
        public var unknown: Int64
        /// The two numbers are near enough.
        public var isWithin: Bool

        /// Sluice's number less the export's.
        public var difference: Int64 { self.gateway.addingClamped(-self.export) }
    }

    private struct Place: Hashable {
        var model: [UInt8]
        var day: Int64
    }

    private struct Sums {
        var export: Int64 = 0
        var gateway: Int64 = 0
        var estimated: Int64 = 0
        var unknown: Int64 = 0

        mutating func add(_ row: Row) {
            self.export = self.export.addingClamped(row.export)
            self.gateway = self.gateway.addingClamped(row.gateway)
            self.estimated = self.estimated.addingClamped(row.estimated)
            self.unknown = self.unknown.addingClamped(row.unknown)
        }
    }

    /// By day, model and class.
    public private(set) var rows: [Row] = []
    /// By model and class, over all days.
    public private(set) var totals: [Row] = []
    public let names: ModelNames
    /// Models that only one side has used something of.
    public private(set) var exportOnly: [[UInt8]] = []
    public private(set) var gatewayOnly: [[UInt8]] = []

    /// Every number is near enough.
    public var isWithin: Bool { self.rows.allSatisfy(\.isWithin) }

    /// Compares the days of `period`. `given` says what models are called in the export, by the names they were sent as. Without `countsToo` only
    /// tokens are compared.
    public init(
        _ export: ProviderExport, _ usage: [GatewayUsage], period: ClosedRange<Int64>, given: [[UInt8]: [UInt8]] = [:],
        tolerance: Tolerance = .tokens(0), countsToo: Bool = false
    ) {
        let cells = export.cells.filter { period.contains($0.key.day) }
        let usage = usage.filter { period.contains($0.day) }
        self.names = ModelNames(
            sent: Set(usage.map(\.model)), export: Set(cells.keys.map(\.model)), given: given)
        let classes = export.classes.filter { $0.isTokens || countsToo }
        var parts: [Place: [GatewayUsage]] = [:]
        for part in usage {
            parts[Place(model: self.names.name(part.model), day: part.day), default: []].append(part)
        }
        let places = Set(parts.keys).union(cells.keys.map { Place(model: $0.model, day: $0.day) })
        for place in places {
            let cell = cells[ProviderExport.Cell(day: place.day, model: place.model)] ?? [:]
            let known = parts[place] ?? []
            for compared in classes {
                func sum(_ isWanted: (GatewayUsage) -> Bool) -> Int64 {
                    known.reduce(0) { isWanted($1) ? $0.addingClamped($1.value(compared)) : $0 }
                }
                let (said, here) = (cell[compared] ?? 0, sum(\.isBilled))
                self.rows.append(
                    Row(
                        day: place.day, model: place.model, compared: compared, export: said, gateway: here,
                        estimated: sum { $0.isBilled && $0.isEstimated }, unknown: sum { !$0.isBilled },
                        isWithin: tolerance.allows(export: said, gateway: here)))
            }
        }
        self.rows.sort(by: Self.isBefore)
        self.totals = Self.totals(self.rows, tolerance)
        self.findModelsOfOneSide()
    }

    private static func isBefore(_ a: Row, _ b: Row) -> Bool {
        if a.day != b.day { return (a.day ?? .max) < (b.day ?? .max) }
        if a.model != b.model { return a.model.lexicographicallyPrecedes(b.model) }
        return a.compared < b.compared
    }

    private static func totals(_ rows: [Row], _ tolerance: Tolerance) -> [Row] {
        var sums: [[UInt8]: [ComparedClass: Sums]] = [:]
        for row in rows { sums[row.model, default: [:]][row.compared, default: Sums()].add(row) }
        return sums.flatMap { model, classes in
            classes.map { compared, sum in
                Row(
                    day: nil, model: model, compared: compared, export: sum.export, gateway: sum.gateway,
                    estimated: sum.estimated, unknown: sum.unknown,
                    isWithin: tolerance.allows(export: sum.export, gateway: sum.gateway))
            }
        }.sorted(by: Self.isBefore)
    }

    private mutating func findModelsOfOneSide() {
        var sides: [[UInt8]: (export: Bool, gateway: Bool)] = [:]
        for row in self.totals {
            let known = sides[row.model] ?? (false, false)
            sides[row.model] = (known.export || row.export > 0, known.gateway || row.gateway > 0)
        }
        let ordered = sides.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        self.exportOnly = ordered.filter { $0.value.export && !$0.value.gateway }.map(\.key)
        self.gatewayOnly = ordered.filter { !$0.value.export && $0.value.gateway }.map(\.key)
    }
}
