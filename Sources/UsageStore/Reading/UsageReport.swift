public import Domain

/// What was used in a period.
public struct UsageReport: Hashable, Sendable {
    /// What the sums may be divided by.
    public enum Grouping: String, Hashable, Sendable, CaseIterable {
        case key
        case project
        /// The model that was asked for.
        case model
        /// The provider that answered, or was called last.
        case provider
    }

    /// What one group's requests have in common.
    public enum Group: Hashable, Sendable {
        case entity(EntityID)
        case name([UInt8])
        /// Nothing is known of it: a request whose BEGIN or SETTLE is not there yet.
        case unknown
    }

    public struct Entry: Hashable, Sendable {
        public var group: Group
        public var totals: UsageTotals
    }

    public var total = UsageTotals()
    /// The dearest first; empty where nothing was divided.
    public var entries: [Entry] = []
}
