import Domain

/// A configuration and the objects that were made by API, put together. The file wins: an object whose name it has is hidden.
///
/// Pure, and never fails: an object that cannot be used is left out, and the reason is kept.
public struct ObjectMerge: Hashable, Sendable {
    /// The whole, as if a file had said all of it.
    public private(set) var configuration: GatewayConfiguration
    /// What the objects that are in it say.
    public private(set) var objects: [ObjectName: ConfiguredObject] = [:]
    /// Why the others are not, a sentence each.
    public private(set) var reasons: [ObjectName: String] = [:]
    /// The file's or the environment's; nil for the stand-in.
    private let base: ConfigurationResult

    /// `base` has no problems. `unreadable` says of objects that are stored why nobody knows what they say.
    public init(
        _ base: ConfigurationResult, _ objects: [ConfigurationObject], unreadable: [ObjectName: String] = [:]
    ) {
        self.base = base
        self.reasons = unreadable
        self.configuration = base.configuration ?? GatewayConfiguration()
        let visible = objects.filter { self.isVisible($0.name) }.sorted { $0.name < $1.name }
        self.addProviders(visible)
        self.addAliases(visible.filter { $0.name.kind == .alias })
        for object in visible where object.name.kind == .price {
            if case .price(let price) = self.read(object) { self.configuration.pricing.append(price) }
        }
    }

    /// One line for each object that is not in force.
    public var notices: [String] {
        self.reasons.sorted { $0.key < $1.key }.map {
            "the \($0.key.kind.noun) \($0.key.text), made by API, is not in force: \($0.value)"
        }
    }

    // MARK: -

    private mutating func isVisible(_ name: ObjectName) -> Bool {
        guard !self.hasStandIn || name.kind != .provider, let place = self.base.place(of: name) else { return true }
        self.reasons[name] = "\(place.file)\(place.line.map { ":\($0)" } ?? "") defines the name"
        return false
    }

    private mutating func read(_ object: ConfigurationObject) -> ConfiguredObject? {
        switch ObjectSchema.read(object, providers: self.configuration.providers.map(\.settings.name)) {
        case .object(let read):
            self.objects[object.name] = read
            return read
        case .problems(let problems):
            self.reasons[object.name] = problems.map { "\($0.member): \($0.message)" }.joined(separator: "; ")
            return nil
        }
    }

    // MARK: Providers

    /// The simulated provider, where nothing else was given.
    private var hasStandIn: Bool { self.base.hasStandIn }

    private mutating func addProviders(_ objects: [ConfigurationObject]) {
        let providers = objects.filter { $0.name.kind == .provider }
        var added: [ConfiguredProvider] = []
        for object in providers {
            if case .provider(let provider) = self.read(object) { added.append(provider) }
        }
        guard !added.isEmpty else { return }
        if self.hasStandIn {
            self.configuration.providers = []
            self.configuration.defaultProvider = nil
        }
        self.configuration.providers += added
        guard self.configuration.defaultProvider == nil, self.configuration.providers.count == added.count else {
            return
        }
        // No provider that comes later takes the name of the first one away.
        let oldest = providers.filter { self.objects[$0.name] != nil }.min {
            ($0.created, $0.name) < ($1.created, $1.name)
        }
        self.configuration.defaultProvider = oldest?.name.text
    }

    // MARK: Aliases

    private mutating func addAliases(_ objects: [ConfigurationObject]) {
        let ofFile = self.configuration.models
        var added: [(name: ObjectName, alias: ModelAlias)] = []
        for object in objects {
            if case .alias(let alias) = self.read(object) { added.append((object.name, alias)) }
        }
        // Leaving one out may be what another one falls by; each round leaves out at least one.
        while true {
            let all = ofFile + added.map(\.alias)
            guard all.contains(where: { $0.route != nil }) else { break }
            let objections = Tier.allCases.compactMap { tier in
                ModelsSchema.objection(to: tier, all).map { (tier, $0) }
            }
            guard let (tier, objection) = objections.first else { break }
            // Those of the file were good without the objects.
            let isRoute = !ofFile.contains { $0.route != nil }
            guard let bad = added.lastIndex(where: { isRoute ? $0.alias.route != nil : $0.alias.tier == tier }) else {
                break
            }
            let name = added.remove(at: bad).name
            self.objects[name] = nil
            self.reasons[name] = objection
        }
        self.configuration.models += added.map(\.alias)
    }
}

extension ConfigurationResult {
    /// The simulated provider stands in, as neither file nor environment has one. It goes where the API adds one.
    public var hasStandIn: Bool {
        self.configuration?.providers == [.simulated] && !self.definitions.keys.contains { $0.kind == .provider }
    }
}
