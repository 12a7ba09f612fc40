import Domain
import Limits

/// One whose use is counted, as an operator names it, with all that is known of its limits.
struct LimitSubject {
    var scope: LimitScope
    /// What the limit table knows it by.
    var key: LimitKey
    /// For people: the name of a key, a project, an organization, a model; an address.
    var name: String?
    /// The text of the id, where it has one.
    var id: String?
    /// Whose it is; nil for what is of the gateway.
    var organization: EntityID?
    /// The limits that were set for it alone, in the database or the configuration.
    var own: LimitSet
    /// What stands in for those that were not set.
    var defaults = LimitSet()
    /// By which its periods are counted.
    var timeZone: TimeZoneRules
    /// Where its own limits are changed.
    var home: Home

    /// Models, addresses and the whole gateway are counted only where they have a limit; what the table has of them otherwise is old.
    var isCounted: Bool {
        if case .configuration = self.home { return !self.own.isEmpty }
        return true
    }

    enum Home {
        case key(EntityID)
        case entity(EntityID)
        /// The configuration; a change is one of the file.
        case configuration(String)
    }
}
