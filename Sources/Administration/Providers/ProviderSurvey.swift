public import Domain
public import Limits

/// Looks at what upstreams share about the providers of the configuration in force. Lives on control's loop.
///
/// The table says nothing of names: each is looked up by the hash of what is known of it here.
public final class ProviderSurvey {
    private let open: () throws -> HealthReader
    private var version: UInt64 = 0
    private var providers: [ProviderSettings] = []
    /// For each provider the models that aliases lead to, each once.
    private var models: [[[UInt8]]] = []

    /// `open` opens the table for reading, at each look: it is made anew when the host has started, or another size is wanted.
    public init(open: @escaping () throws -> HealthReader) {
        self.open = open
    }

    /// Of the gateway with this state folder.
    public convenience init(stateDirectory: String) {
        self.init { try HealthReader.open(stateDirectory: stateDirectory) }
    }

    /// This configuration is in force from now on.
    public func use(_ upstream: UpstreamSnapshot, routes: RouteTable) {
        self.version = upstream.version
        self.providers = upstream.providers
        self.models = self.providers.map { _ in [] }
        var known: Set<Target> = []
        for alias in routes.aliases {
            let choices = alias.choices + (alias.route.map { $0.fast + $0.deep } ?? [])
            for var target in choices.map(\.target) where !target.model.contains(UInt8(ascii: "*")) {
                target.price = nil
                guard Int(target.provider) < self.models.count, known.insert(target).inserted else { continue }
                self.models[Int(target.provider)].append(target.model)
            }
        }
    }

    /// All providers, in the order of the file.
    public func look() -> [ProviderStatus] {
        let reader = try? self.open()
        return zip(self.providers, self.models).map { self.status(of: $0, models: $1, reader) }
    }

    private func status(
        of provider: ProviderSettings, models: [[UInt8]], _ reader: HealthReader?
    ) -> ProviderStatus {
        var status = ProviderStatus(
            name: provider.name, concurrency: provider.concurrency, maxConnections: provider.maxConnections)
        status.keys = provider.keys.map { ProviderStatus.Key(name: $0.name) }
        guard let reader else { return status }
        let id = HealthID.provider(provider.name)
        status.breaker = reader.breaker(id)
        status.running = reader.running(id)
        status.waiting = reader.waiting(provider.name)
        status.firstToken = reader.latency(id)
        for model in models {
            let breaker = reader.breaker(.target(provider: provider.name, model: model))
            if breaker != .closed { status.targets.append(.init(model: model, breaker: breaker)) }
        }
        for index in status.keys.indices {
            self.look(at: provider.keys[index].value, of: provider, models, reader, &status.keys[index])
        }
        if provider.keys.isEmpty {
            var none = ProviderStatus.Key(name: nil)
            self.look(at: Secret([]), of: provider, models, reader, &none)
            // Nothing need be said of what is not there, unless the provider wants one.
            if none.state != .usable || !none.models.isEmpty { status.keys = [none] }
        }
        return status
    }

    private func look(
        at value: Secret, of provider: ProviderSettings, _ models: [[UInt8]], _ reader: HealthReader,
        _ key: inout ProviderStatus.Key
    ) {
        let id = HealthID.key(provider: provider.name, value: value)
        key.state = reader.key(id, snapshot: self.version)
        guard reader.hasRefusedModels(id) else { return }
        for model in models {
            let state = reader.key(
                .key(provider: provider.name, value: value, model: model), snapshot: self.version)
            if state != .usable { key.models.append(.init(name: model, state: state)) }
        }
    }
}
