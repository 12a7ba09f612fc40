/// What a provider says of a call that its cost depends on, beside its tokens.
public struct UsageTerms: Hashable, Sendable {
    /// How the call was served; nil where the provider does not say.
    public var service: ServiceTier?
    /// What was used; nil where nothing was told.
    public var units: CallUnits?

    public init(service: ServiceTier? = nil, units: CallUnits? = nil) {
        self.service = service
        self.units = units
    }

    /// Takes what was told later.
    public mutating func update(_ later: UsageTerms) {
        if let service = later.service { self.service = service }
        if let units = later.units { self.units = units }
    }

    /// Notes how much of a class was used.
    public mutating func set(_ unitClass: UnitClass, _ count: Int64) {
        guard count > 0 else { return }
        var units = self.units ?? CallUnits()
        units[unitClass] = count
        self.units = units
    }
}
