import Domain
import Limits
import UsageStore

/// Sums what was used before a table was made: for everybody who has limits, in the windows and periods of one moment.
///
/// Lives for one scan; not to be copied. Keys and projects are counted in the time zone of the project, all others in the gateway's.
struct LimitHistory {
    /// What a slot of the table begins with.
    struct Start {
        var key: LimitKey
        var scope: LimitScope
        var seed: LimitSeed
        var periods: CalendarPeriods
    }

    /// What one principal has used, by the calendar of its project and by that of the gateway.
    private final class Account {
        let principal: Principal
        /// Its place in `zones`; nil where the project has no time zone of its own.
        let zone: Int?
        var inZone = LimitSeed()
        var inGateway = LimitSeed()

        init(_ principal: Principal, zone: Int?) {
            self.principal = principal
            self.zone = zone
        }
    }

    private struct Zone {
        var clock: CalendarCache
        let now: CalendarPeriods
        init(_ rules: TimeZoneRules, _ seconds: Int64) {
            self.clock = CalendarCache(rules, at: seconds)
            self.now = self.clock.periods(at: seconds)
        }
    }

    /// Milliseconds since 1970, and of the new table's clock: it begins with the wall clock's time.
    let now: UInt64
    private var gateway: Zone
    private var zones: [Zone]
    private var zoneOfProject: [EntityID: Int] = [:]
    private var accounts: [Int64: Account] = [:]
    /// By the number of the route.
    private var routes: [Int64: LimitSeed] = [:]
    private var global = LimitSeed()
    /// What was ever used is told by `add(total:)`: requests may have been removed.
    private let hasTotals: Bool

    init(_ settings: LimitTableSettings, now: UInt64, hasTotals: Bool = false) {
        self.hasTotals = hasTotals
        let seconds = Int64(clamping: now / 1000)
        self.now = now
        self.gateway = Zone(settings.timeZone, seconds)
        self.zones = settings.projects.map { Zone($0.timeZone, seconds) }
        for (place, project) in settings.projects.enumerated() { self.zoneOfProject[project.id] = place }
    }

    /// Counts a request. `principal` is asked who a number is, once for each.
    mutating func add(_ use: RequestUse, principal: (Int64) -> Principal?) {
        let seconds = Int64(clamping: use.record.milliseconds / 1000)
        let inGateway = self.gateway.clock.periods(at: seconds)
        self.add(use, to: &self.global, inGateway, self.gateway.now)
        if let route = use.route {
            self.add(use, to: &self.routes[route, default: LimitSeed()], inGateway, self.gateway.now)
        }
        guard let number = use.principal, let account = self.account(number, principal) else { return }
        self.add(use, to: &account.inGateway, inGateway, self.gateway.now)
        guard let zone = account.zone else { return }
        let periods = self.zones[zone].clock.periods(at: seconds)
        self.add(use, to: &account.inZone, periods, self.zones[zone].now)
    }

    /// Counts what was ever used, or a part of it.
    mutating func add(total use: LimitUse, by number: Int64?, of route: Int64?, principal: (Int64) -> Principal?) {
        self.global.total.add(use)
        if let route { self.routes[route, default: LimitSeed()].total.add(use) }
        guard let number, let account = self.account(number, principal) else { return }
        account.inGateway.total.add(use)
        if account.zone != nil { account.inZone.total.add(use) }
    }

    private mutating func account(_ number: Int64, _ principal: (Int64) -> Principal?) -> Account? {
        if let account = self.accounts[number] { return account }
        guard let principal = principal(number) else { return nil }
        let account = Account(principal, zone: self.zoneOfProject[principal.project])
        self.accounts[number] = account
        return account
    }

    private func add(
        _ use: RequestUse, to seed: inout LimitSeed, _ periods: CalendarPeriods, _ now: CalendarPeriods
    ) {
        if !use.isRefused {
            let came = min(use.record.milliseconds, self.now)
            seed.requestsPerMinute.add(1, at: came, now: self.now, length: 60_000)
            seed.requestsPerHour.add(1, at: came, now: self.now, length: 3_600_000)
            seed.requestsPerDay.add(1, at: came, now: self.now, length: 86_400_000)
        }
        guard use.tokens > 0 || use.cost > 0 else { return }
        let ended = min(use.endedAt, self.now)
        seed.tokensPerMinute.add(use.tokens, at: ended, now: self.now, length: 60_000)
        seed.tokensPerDay.add(use.tokens, at: ended, now: self.now, length: 86_400_000)
        let amount = LimitUse(tokens: use.tokens, cost: use.cost)
        seed.day.add(amount, in: periods.day, now: now.day)
        seed.week.add(amount, in: periods.week, now: now.week)
        seed.month.add(amount, in: periods.month, now: now.month)
        if !self.hasTotals { seed.total.add(amount) }
    }

    /// What the table begins with: those first of whom there are few. `model` says which model a route is of.
    func starts(model: (Int64) -> [UInt8]?) -> [Start] {
        var starts: [Start] = []
        var places: [LimitKey: Int] = [:]
        func add(_ key: LimitKey, _ scope: LimitScope, _ seed: LimitSeed, _ periods: CalendarPeriods) {
            var seed = seed
            // Hosts may have counted less than nothing for what another had counted too much.
            seed.total = LimitUse(tokens: max(0, seed.total.tokens), cost: max(0, seed.total.cost))
            if let place = places[key] {
                starts[place].seed.add(seed)
            } else {
                places[key] = starts.count
                starts.append(Start(key: key, scope: scope, seed: seed, periods: periods))
            }
        }
        add(.global, .global, self.global, self.gateway.now)
        for (route, seed) in self.routes {
            if let name = model(route) { add(LimitKey(model: name), .model, seed, self.gateway.now) }
        }
        // Callers without a key are counted by address, which nobody has written down.
        let accounts = self.accounts.values.filter { $0.principal.key != .anonymous }
        for account in accounts {
            add(
                LimitKey(.organization, account.principal.organization), .organization, account.inGateway,
                self.gateway.now)
        }
        for (scope, id) in [(LimitScope.project, \Principal.project), (.key, \Principal.key)] {
            for account in accounts {
                let zone = account.zone.map { self.zones[$0] }
                add(
                    LimitKey(scope, account.principal[keyPath: id]), scope,
                    zone == nil ? account.inGateway : account.inZone, zone?.now ?? self.gateway.now)
            }
        }
        for account in accounts {
            guard let user = account.principal.user else { continue }
            add(LimitKey(.user, user), .user, account.inGateway, self.gateway.now)
        }
        return starts
    }
}
