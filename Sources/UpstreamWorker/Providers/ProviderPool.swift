internal import Domain
internal import HTTPClient

/// One provider of the configuration, ready to be called: URLs, header lists and keys prepared, connections limited. Lives
/// on the worker's loop and over reloads that do not change the provider.
final class ProviderPool {
    let settings: ProviderSettings
    let attempts: AttemptCounter
    /// Where requests wait for a place among its calls.
    let gate: ProviderGate
    /// The provider's name as records have it.
    let nameBytes: [UInt8]
    /// Nanoseconds that a whole request may take here.
    let totalTime: UInt64
    private let keyNames: [[UInt8]]
    /// By front door.
    private let routes: [ProviderRoute]
    private var keys: KeyPool?

    /// `upstreams`: how many workers share what the provider may have.
    init(_ settings: ProviderSettings, attempts: AttemptCounter, upstreams: UInt16 = 1) {
        self.settings = settings
        self.attempts = attempts
        self.gate = ProviderGate(settings, counter: attempts, upstreams: upstreams)
        self.nameBytes = Array(settings.name.utf8)
        self.totalTime = ExchangeTerms.nanoseconds(settings.timeouts.total)
        self.keyNames = settings.keys.map { Array($0.name.utf8) }
        let limit = HTTPConnectionLimit(maximum: Int(clamping: settings.maxConnections))
        self.routes = Endpoint.allCases.map { ProviderRoute($0, settings, limit) }
    }

    /// The name of one of the provider's keys in records; empty where it has none.
    func keyName(_ key: UInt8) -> [UInt8] {
        Int(key) < self.keyNames.count ? self.keyNames[Int(key)] : []
    }

    /// How requests of that front door reach the provider.
    func route(_ endpoint: Endpoint) -> ProviderRoute {
        // The raw values count up from 0, in the order of `allCases`.
        self.routes[Int(endpoint.rawValue)]
    }

    /// Where requests wait for a place, in the sight of the other workers.
    func gate(_ health: SharedHealth) -> ProviderGate {
        if self.gate.neighbours == nil { self.gate.neighbours = SharedPlaces(health, self.settings.name) }
        return self.gate
    }

    /// Its keys, as they stand.
    @inline(__always)
    func keyPool(_ health: SharedHealth) -> KeyPool {
        if let keys = self.keys { return keys }
        let keys = KeyPool(self.settings, health.provider(self.settings.name))
        self.keys = keys
        return keys
    }
}
