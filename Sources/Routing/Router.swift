public import Domain

/// Turns the model name a client asked for into the targets that are tried. Pure and immutable: a reload makes a new one.
///
/// In this order: the name is an alias; it is `P:model` and P (up to the first colon) is a provider; there is a default
/// provider, which gets the name unchanged. Names are compared byte for byte, so two spellings that merely look alike
/// are two models.
public struct Router: Sendable {
    private let snapshot: UInt64
    private let aliases: [[UInt8]: Plan]
    private let providers: [ArraySlice<UInt8>: UInt16]
    private let defaultProvider: UInt16?

    /// `snapshot` is the version whose provider numbers `routes` uses; every plan carries it. Of two aliases of one name
    /// the first counts.
    public init(routes: RouteTable, snapshot: UInt64) {
        self.snapshot = snapshot
        self.aliases = Dictionary(
            routes.aliases.map { ($0.name, Plan(snapshot: snapshot, targets: $0.targets)) },
            uniquingKeysWith: { first, _ in first })
        self.providers = Dictionary(
            routes.providers.enumerated().compactMap { index, name in
                UInt16(exactly: index).map { (ArraySlice(name.utf8), $0) }
            },
            uniquingKeysWith: { first, _ in first })
        self.defaultProvider = routes.defaultProvider
    }

    /// The plan for `model`, or nil where nothing serves it (404 model_not_found).
    public func plan(for model: [UInt8]) -> Plan? {
        if let plan = self.aliases[model] { return plan.targets.isEmpty ? nil : plan }
        if let colon = model.firstIndex(of: UInt8(ascii: ":")), let provider = self.providers[model[..<colon]] {
            let name = Array(model[(colon + 1)...])
            return name.isEmpty ? nil : self.plan(provider, name)
        }
        guard let provider = self.defaultProvider, !model.isEmpty else { return nil }
        return self.plan(provider, model)
    }

    private func plan(_ provider: UInt16, _ model: [UInt8]) -> Plan {
        Plan(snapshot: self.snapshot, targets: [Target(provider: provider, model: model)])
    }
}
