/// One request's routing result: the targets in the order they are tried. It stays with the request: a reload in
/// between changes nothing of it.
public struct Plan: Hashable, Sendable {
    /// The snapshot whose provider indexes the targets use.
    public var snapshot: UInt64
    public var targets: [Target]

    public init(snapshot: UInt64, targets: [Target]) {
        self.snapshot = snapshot
        self.targets = targets
    }
}
