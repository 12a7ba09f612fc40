import Database
import Domain

/// Adds sums up to the answer of a question.
final class RollupTally {
    private struct Key: Hashable {
        /// 0 where the period is not divided.
        var period: Int64
        var caller: Int
        var route: Int
    }

    private let query: RollupQuery
    private let selection: RollupSelection
    private let names: UsageNames
    private let periods: Range<Int64>
    private let asksForRoutes: Bool
    /// Each group once; a place in here stands for it.
    private var groups: [[UsageReport.Group]] = []
    private var places: [[UsageReport.Group]: Int] = [:]
    private var callers: [Int64: Int] = [:]
    private var routes: [Int64: Int] = [:]
    private var sums: [RollupSums] = []
    private var index: [Key: Int] = [:]
    /// What stands for a group that is not asked for.
    private static let other = -1

    init(_ query: RollupQuery, _ selection: RollupSelection, _ names: UsageNames) {
        self.query = query
        self.selection = selection
        self.names = names
        self.periods = query.period.range
        self.asksForRoutes =
            query.provider != nil || query.model != nil || query.dimensions.contains { !$0.isAboutCaller }
    }

    /// The place of the sums for what is asked for; nil for what is not. It stays theirs.
    func place(period: Int64, scope: Int64, route: Int64) throws(DatabaseError) -> Int? {
        guard self.periods.contains(period) else { return nil }
        let caller = self.caller(scope)
        let route = try self.route(route)
        guard caller != Self.other, route != Self.other else { return nil }
        let key = Key(period: self.query.isDivided ? period : 0, caller: caller, route: route)
        if let place = self.index[key] { return place }
        self.index[key] = self.sums.count
        self.sums.append(RollupSums())
        return self.sums.count - 1
    }

    func add(_ sums: RollupSums, at place: Int) {
        self.sums[place].add(sums)
    }

    private func caller(_ scope: Int64) -> Int {
        guard let groups = self.selection.groups else { return 0 }
        if let known = self.callers[scope] { return known }
        let place = groups[scope].map { self.place(of: $0) } ?? Self.other
        self.callers[scope] = place
        return place
    }

    private func route(_ number: Int64) throws(DatabaseError) -> Int {
        guard self.asksForRoutes else { return 0 }
        if let known = self.routes[number] { return known }
        let route = try self.names.route(number)
        var place = Self.other
        if self.query.provider ?? route.provider == route.provider, self.query.model ?? route.model == route.model {
            place = self.place(
                of: self.query.dimensions.compactMap { dimension in
                    switch dimension {
                    case .provider: .name(route.provider)
                    case .model: .name(route.model)
                    case .modelSent: .name(route.modelSent)
                    case .organization, .project, .key, .user: nil
                    }
                })
        }
        self.routes[number] = place
        return place
    }

    private func place(of groups: [UsageReport.Group]) -> Int {
        if let known = self.places[groups] { return known }
        self.places[groups] = self.groups.count
        self.groups.append(groups)
        return self.groups.count - 1
    }

    // MARK: The answer

    func report() -> RollupReport {
        var report = RollupReport()
        var total = RollupSums()
        for (key, place) in self.index where !self.sums[place].isEmpty {
            total.add(self.sums[place])
            report.entries.append(
                RollupReport.Entry(
                    period: self.query.isDivided ? key.period : nil, groups: self.groups(of: key),
                    totals: self.sums[place].totals))
        }
        report.total = total.totals
        report.entries.sort(by: RollupReport.Entry.isBefore)
        return report
    }

    /// In the order of the query's dimensions.
    private func groups(of key: Key) -> [UsageReport.Group] {
        guard !self.query.dimensions.isEmpty else { return [] }
        var callers = (self.selection.groups == nil ? [] : self.groups[key.caller])[...]
        var routes = (self.asksForRoutes ? self.groups[key.route] : [])[...]
        return self.query.dimensions.compactMap { $0.isAboutCaller ? callers.popFirst() : routes.popFirst() }
    }
}

extension RollupQuery.Period {
    var range: Range<Int64> {
        switch self {
        case .hours(let hours): hours
        case .days(let days): days
        }
    }

    var table: RollupPeriod {
        switch self {
        case .hours: .hour
        case .days: .day
        }
    }
}

extension RollupReport.Entry {
    /// By period, then the dearest first; always the same order.
    static func isBefore(_ a: Self, _ b: Self) -> Bool {
        if a.period != b.period { return (a.period ?? 0) < (b.period ?? 0) }
        if a.totals.cost != b.totals.cost { return a.totals.cost > b.totals.cost }
        if a.totals.requests != b.totals.requests { return a.totals.requests > b.totals.requests }
        for (a, b) in zip(a.groups, b.groups) where a != b { return UsageReport.Group.isBefore(a, b) }
        return false
    }
}
