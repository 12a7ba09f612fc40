import Domain
import Identity

/// The rules of time zones that projects have, each made once a calendar year. Lives on the store's thread.
final class ZoneCache {
    private let clock: () -> UInt64
    private var known: [String: TimeZoneRules] = [:]
    private var year = 0

    /// `clock` gives milliseconds since 1970.
    init(clock: @escaping () -> UInt64) {
        self.clock = clock
    }

    /// The rules of the zone; nil for one that this machine does not know (any more): then the configuration's counts.
    func rules(_ name: String) -> TimeZoneRules? {
        let seconds = Int64(clamping: self.clock() / 1000)
        let year = CalendarDay(daysSince1970: Int(min(seconds / 86_400, 10_000_000))).year
        if year != self.year {
            self.known = [:]
            self.year = year
        }
        if let rules = self.known[name] { return rules }
        let rules = ZoneRules.make(name, around: seconds)
        self.known[name] = rules
        return rules
    }

    /// What the identity table says of an entity.
    func row(of entity: EntityRecord) -> IdentityWriter.Entity {
        IdentityWriter.Entity(
            entity.scope, entity.id,
            EntityRow(
                limits: entity.limits, timeZone: entity.timeZone.flatMap { self.rules($0) }, weight: entity.weight,
                models: entity.models))
    }
}
