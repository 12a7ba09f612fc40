/// The secret-free half of routing: which providers exist, which names stand for which targets.
public struct RouteTable: Hashable, Sendable {
    /// A name clients may ask for, and where it leads, in the order the targets are tried.
    public struct Alias: Hashable, Sendable {
        public var name: [UInt8]
        public var targets: [Target]

        public init(name: [UInt8], targets: [Target]) {
            self.name = name
            self.targets = targets
        }
    }

    /// Provider names; a `Target.provider` is an index into this list.
    public var providers: [String]
    public var aliases: [Alias]
    /// Where a bare model name goes that no alias claims; nil refuses it with 404.
    public var defaultProvider: UInt16?

    public init(providers: [String], aliases: [Alias], defaultProvider: UInt16?) {
        self.providers = providers
        self.aliases = aliases
        self.defaultProvider = defaultProvider
    }
}
