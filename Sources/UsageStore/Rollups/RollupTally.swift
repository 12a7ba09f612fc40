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

    /// An entry's place in the answer: by period, then the dearest first, then by who asked and who answered; always the same order.
    private struct Rank {
        var place: Int
        var period: Int64
        var cost: Int64
        var requests: Int64
        /// Of the groups, among all groups.
        var caller: Int
        var route: Int

        func isBefore(_ other: Rank) -> Bool {
            if self.period != other.period { return self.period < other.period }
            if self.cost != other.cost { return self.cost > other.cost }
            if self.requests != other.requests { return self.requests > other.requests }
            return (self.caller, self.route) < (other.caller, other.route)
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
    private var entries: [(key: Key, tallied: TalliedEntry)] = []
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

    /// Adds what is asked for; `tallied` is not made of anything else.
    func add(
        period: Int64, scope: Int64, route: Int64, _ tallied: @autoclosure () -> TalliedEntry
    ) throws(DatabaseError) {
        guard let key = try self.key(period, scope, route) else { return }
        if let place = self.index[key] {
            self.entries[place].tallied.add(tallied())
        } else {
            self.index[key] = self.entries.count
            self.entries.append((key, tallied()))
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
        report.entries.reserveCapacity(self.entries.count)
        for place in self.order() {
            let (key, tallied) = self.entries[place]
            let sums = tallied.sums
            guard !sums.isEmpty else { continue }
            total.add(sums)
            report.entries.append(
                RollupReport.Entry(
                    period: self.query.isDivided ? key.period : nil, groups: self.groups(of: key),
                    totals: sums.totals))
        }
        report.total = total.totals
        return report
    }

    /// The entries in the order of the answer. They are large, so they are not moved themselves.
    private func order() -> [Int] {
        var ranks = [Int](repeating: 0, count: self.groups.count)
        for (rank, place) in self.groups.indices.sorted(by: { self.isBefore($0, $1) }).enumerated() {
            ranks[place] = rank
        }
        // 0 stands for nothing of the kind is asked for, where there may be no groups at all.
        func rank(_ place: Int) -> Int { place < ranks.count ? ranks[place] : 0 }
        let order = self.entries.enumerated().map { place, entry in
            Rank(
                place: place, period: entry.key.period, cost: entry.tallied.cost, requests: entry.tallied.requests,
                caller: rank(entry.key.caller), route: rank(entry.key.route))
        }
        return order.sorted { $0.isBefore($1) }.map(\.place)
    }

    /// Of two places of groups.
    private func isBefore(_ a: Int, _ b: Int) -> Bool {
        for (a, b) in zip(self.groups[a], self.groups[b]) where a != b { return UsageReport.Group.isBefore(a, b) }
        return self.groups[a].count < self.groups[b].count
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
