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
    /// The dearest first, then those with more requests, then by what they are; empty where nothing was divided.
    public var entries: [Entry] = []
}

extension UsageReport.Entry {
    /// Always the same order: `entries` are gathered in a dictionary, which has none.
    static func isBefore(_ a: Self, _ b: Self) -> Bool {
        if a.totals.cost != b.totals.cost { return a.totals.cost > b.totals.cost }
        if a.totals.requests != b.totals.requests { return a.totals.requests > b.totals.requests }
        return UsageReport.Group.isBefore(a.group, b.group)
    }
}

extension UsageReport.Group {
    /// A total order: entities, then names, then what is unknown.
    static func isBefore(_ a: Self, _ b: Self) -> Bool {
        switch (a, b) {
        case (.entity(let a), .entity(let b)): (a.high, a.low) < (b.high, b.low)
        case (.name(let a), .name(let b)): a.lexicographicallyPrecedes(b)
        case (.entity, .name), (.entity, .unknown), (.name, .unknown): true
        case (.name, .entity), (.unknown, _): false
        }
    }
}
