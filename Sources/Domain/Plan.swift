/// One request's routing result: the targets in the order they are tried. It stays with the request: a reload in
/// between changes nothing of it.
public struct Plan: Hashable, Sendable {
    /// The snapshot whose provider indexes the targets use.
    public var snapshot: UInt64
    public var targets: [Target]
    /// Index into the snapshot's policies.
    public var policy: UInt16
    /// Set where the name stands for a tier, or the gateway has chosen one.
    public var tier: Tier?

    public init(snapshot: UInt64, targets: [Target], policy: UInt16 = 0, tier: Tier? = nil) {
        self.snapshot = snapshot
        self.targets = targets
        self.policy = policy
        self.tier = tier
    }
}
