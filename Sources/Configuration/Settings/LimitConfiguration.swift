public import Domain

/// What may be used (`limits`): the limits of everybody that have none of their own, and how budgets are kept.
public struct LimitConfiguration: Hashable, Sendable {
    /// Requests a minute from one address where the file says nothing.
    public static let addressDefault: Int64 = 600
    /// Requests a minute with one key where neither the key nor the file says anything.
    public static let keyDefault: Int64 = 60

    /// Of the whole gateway.
    public var global: LimitSet
    public var perAddress: LimitSet
    /// What a key's own limits do not say.
    public var perKey: LimitSet
    /// By the name that clients ask for; names are unique.
    public var models: [LimitSettings.Model]
    public var mode: BudgetMode
    public var allowsUnknownPrice: Bool
    /// Percent of a budget from which on replies carry a warning: 1…100.
    public var softPercent: UInt8
    /// How many keys, projects, addresses and so on can be counted at the same time.
    public var tableSlots: UInt32

    public init(
        global: LimitSet = LimitSet(), perAddress: LimitSet = LimitSet([.requestsPerMinute: addressDefault]),
        perKey: LimitSet = LimitSet([.requestsPerMinute: keyDefault]), models: [LimitSettings.Model] = [],
        mode: BudgetMode = .strict, allowsUnknownPrice: Bool = true, softPercent: UInt8 = 80,
        tableSlots: UInt32 = 1 << 20
    ) {
        self.global = global
        self.perAddress = perAddress
        self.perKey = perKey
        self.models = models
        self.mode = mode
        self.allowsUnknownPrice = allowsUnknownPrice
        self.softPercent = softPercent
        self.tableSlots = tableSlots
    }
}
