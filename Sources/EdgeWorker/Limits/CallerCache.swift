import Domain

/// The limits of the callers of this moment, kept as long as nothing in the identity table has changed.
///
/// Lives on the event loop. Bounded: when it is full it begins anew.
final class CallerCache {
    private static let capacity = 8192

    private let directory: any KeyDirectory
    private var callers: [EntityID: CallerLimits] = [:]
    private var revision: UInt64 = 0
    /// What was answered last was kept from an earlier question.
    private(set) var wasKnown = false
    /// The snapshot whose defaults are in what is kept.
    private var version: UInt64?

    init(_ directory: any KeyDirectory) {
        self.directory = directory
    }

    /// The limits of a key; `own` are those of its row and `models` what that allows, nil for the static key, which has a row
    /// like a project's. While the table cannot be read, nothing is kept and what was set for others than the key is not
    /// known.
    func limits(
        of principal: Principal, own: LimitSet?, models: [[UInt8]], policy: LimitPolicy, version: UInt64,
        gateway: CalendarPeriods, at seconds: Int64
    ) -> CallerLimits {
        let revision = self.directory.revision
        if revision != self.revision || version != self.version || self.callers.count >= CallerCache.capacity {
            self.callers.removeAll(keepingCapacity: true)
            self.revision = revision ?? 0
            self.version = version
        }
        // The key's row was read when its request began; a request whose body comes late brings an older one.
        if revision != nil, let known = self.callers[principal.key], known.own == own, known.models == models {
            known.refresh(gateway: gateway, at: seconds)
            self.wasKnown = true
            return known
        }
        self.wasKnown = false
        var isComplete = revision != nil
        func find(_ scope: LimitScope, _ id: EntityID) -> EntityLimits {
            if let found = self.directory.limits(of: scope, id) { return found }
            isComplete = false
            return EntityLimits()
        }
        let key = own.map { EntityLimits(limits: $0, models: models) } ?? find(.key, principal.key)
        let made = CallerLimits(principal, key: key, policy: policy, gateway: gateway, at: seconds, find: find)
        made.isComplete = isComplete
        (made.own, made.models) = (own, models)
        if isComplete { self.callers[principal.key] = made }
        return made
    }
}
