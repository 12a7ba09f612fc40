/// A name that clients may ask for and what it stands for (an entry of `models`).
public struct ModelAlias: Hashable, Sendable {
    /// What clients write into `model`.
    public var name: String
    public var target: ModelTarget

    public init(name: String, target: ModelTarget) {
        self.name = name
        self.target = target
    }
}
