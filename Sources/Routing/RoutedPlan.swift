public import Domain

/// A plan, and how it has come about.
public struct RoutedPlan: Hashable, Sendable {
    public var plan: Plan
    /// Place of the alias in the table; nil where the name is no alias's.
    public var alias: Int?
    /// Targets of the alias that are not in the plan, in the order of the file: those the caller may not use, and those of
    /// the other tier.
    public var leftOut: [LeftOut]

    /// A target that is not in the plan.
    public struct LeftOut: Hashable, Sendable {
        public var target: Target
        public var reason: DecisionTrail.Reason

        public init(_ target: Target, _ reason: DecisionTrail.Reason) {
            self.target = target
            self.reason = reason
        }
    }

    public init(plan: Plan, alias: Int? = nil, leftOut: [LeftOut] = []) {
        self.plan = plan
        self.alias = alias
        self.leftOut = leftOut
    }
}
