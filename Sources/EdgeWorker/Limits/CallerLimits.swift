import Domain
import Limits
import Routing

/// The limits of one key and of those it belongs to, as entries of a demand, ready to be copied, and what they may use.
///
/// Lives on the event loop, in `CallerCache`.
final class CallerLimits {
    /// Organization, project, key, and user if there is one: always, so that a budget that is set later counts what was used
    /// before.
    private(set) var entries: [LimitDemand.Entry] = []
    /// What key and project may use: all of them hold, none allows everything.
    let lists: [AllowList]
    /// The project's share where requests wait.
    let weight: UInt16
    /// Everybody's row could be read, and what is said here is all there is.
    var isComplete = true
    /// The row of the key that it was made of; nil for the static key.
    var own: LimitSet?
    var models: [[UInt8]] = []
    /// The time zone of the project, where it has one of its own.
    private var zone: CalendarCache?
    private var gatewayPeriods: CalendarPeriods
    private var projectPeriods: CalendarPeriods

    /// `key` is what is set for the key itself; `find` gets the row of anybody else.
    init(
        _ principal: Principal, key: EntityLimits, policy: LimitPolicy, gateway: CalendarPeriods, at seconds: Int64,
        find: (LimitScope, EntityID) -> EntityLimits
    ) {
        let organization = find(.organization, principal.organization)
        let project = find(.project, principal.project)
        var zone = project.timeZone.map { CalendarCache($0, at: seconds) }
        self.gatewayPeriods = gateway
        self.projectPeriods = zone?.periods(at: seconds) ?? gateway
        self.zone = zone
        self.weight = max(1, project.weight)
        self.lists = [project.models, key.models].filter { !$0.isEmpty }.map { AllowList($0) }
        self.append(.organization, principal.organization, organization.limits, self.gatewayPeriods)
        self.append(.project, principal.project, project.limits, self.projectPeriods)
        self.append(.key, principal.key, key.limits.filled(from: policy.perKey), self.projectPeriods)
        if let user = principal.user {
            self.append(.user, user, find(.user, user).limits, self.gatewayPeriods)
        }
    }

    private func append(_ scope: LimitScope, _ id: EntityID, _ limits: LimitSet, _ periods: CalendarPeriods) {
        self.entries.append(
            LimitDemand.Entry(key: LimitKey(scope, id), scope: scope, limits: limits.bounding, periods: periods))
    }

    /// By which the periods of a scope are counted, where that is not the gateway's time zone.
    func rules(of scope: LimitScope) -> TimeZoneRules? {
        scope == .project || scope == .key ? self.zone?.rules : nil
    }

    /// What the clocks of the project are ahead of UTC, in quarter hours, where it has a time zone of its own.
    func quarterHours(at seconds: Int64) -> Int8? { self.zone?.quarterHours(at: seconds) }

    /// Brings the periods up to date; `gateway` are those of now in the gateway's time zone.
    func refresh(gateway: CalendarPeriods, at seconds: Int64) {
        let project = self.zone == nil ? gateway : self.zone?.periods(at: seconds) ?? gateway
        guard gateway != self.gatewayPeriods || project != self.projectPeriods else { return }
        self.gatewayPeriods = gateway
        self.projectPeriods = project
        for place in self.entries.indices {
            let isProjects = self.entries[place].scope == .project || self.entries[place].scope == .key
            self.entries[place].periods = isProjects ? project : gateway
        }
    }
}
