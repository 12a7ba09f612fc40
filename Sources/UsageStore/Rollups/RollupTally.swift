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

    /// An entry's place in the answer: by period, then the dearest first; always the same order.
    private struct Rank {
        var key: Key
        var place: Int
        var cost: Int64
        var requests: Int64

        init(_ key: Key, _ place: Int, _ entry: TalliedEntry) {
            self.key = key
            self.place = place
            self.cost = entry.cost
            self.requests = entry.requests
        }

        func isSame(as other: Rank) -> Bool {
            self.key.period == other.key.period && self.cost == other.cost && self.requests == other.requests
        }

        func isBefore(_ other: Rank) -> Bool {
            if self.key.period != other.key.period { return self.key.period < other.key.period }
            return self.cost != other.cost ? self.cost > other.cost : self.requests > other.requests
        }
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
    private var entries: [TalliedEntry] = []
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

    /// Adds a row of sums, if it is asked for.
    ///
    /// - Parameter column: where `RollupSums.columns` and the detail behind them begin.
    func add(period: Int64, scope: Int64, route: Int64, _ row: any DatabaseStatement, from column: Int)
        throws(DatabaseError)
    {
        guard let key = try self.key(period, scope, route) else { return }
        if let place = self.index[key] {
            self.entries[place].add(RollupSums(row, from: column))
        } else {
            self.index[key] = self.entries.count
            self.entries.append(TalliedEntry(row, from: column))
        }
    }

    func add(period: Int64, scope: Int64, route: Int64, _ sums: RollupSums) throws(DatabaseError) {
        guard let key = try self.key(period, scope, route) else { return }
        if let place = self.index[key] {
            self.entries[place].add(sums)
        } else {
            self.index[key] = self.entries.count
            self.entries.append(TalliedEntry(sums))
        }
    }

    /// Nil for what is not asked for.
    private func key(_ period: Int64, _ scope: Int64, _ route: Int64) throws(DatabaseError) -> Key? {
        guard self.periods.contains(period) else { return nil }
        let caller = self.caller(scope)
        let route = try self.route(route)
        guard caller != Self.other, route != Self.other else { return nil }
        return Key(period: self.query.isDivided ? period : 0, caller: caller, route: route)
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
        // Entries are large: their order is found before they are made.
        var order: [Rank] = []
        order.reserveCapacity(self.index.count)
        for (key, place) in self.index { order.append(Rank(key, place, self.entries[place])) }
        order.sort { a, b in
            a.isSame(as: b) ? self.areGroups(of: a.key, before: b.key) : a.isBefore(b)
        }
        report.entries.reserveCapacity(order.count)
        for rank in order {
            let sums = self.entries[rank.place].sums
            guard !sums.isEmpty else { continue }
            total.add(sums)
            report.entries.append(
                RollupReport.Entry(
                    period: self.query.isDivided ? rank.key.period : nil, groups: self.groups(of: rank.key),
                    totals: sums.totals))
        }
        report.total = total.totals
        return report
    }

    private func areGroups(of a: Key, before b: Key) -> Bool {
        for (a, b) in zip(self.groups(of: a), self.groups(of: b)) where a != b {
            return UsageReport.Group.isBefore(a, b)
        }
        return false
    }

    /// In the order of the query's dimensions.
    private func groups(of key: Key) -> [UsageReport.Group] {
        guard !self.query.dimensions.isEmpty else { return [] }
        let ofCaller = self.selection.groups == nil ? [] : self.groups[key.caller]
        let ofRoute = self.asksForRoutes ? self.groups[key.route] : []
        if ofCaller.isEmpty { return ofRoute }
        if ofRoute.isEmpty { return ofCaller }
        var (callers, routes) = (ofCaller[...], ofRoute[...])
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
