internal import Domain

/// The providers of one snapshot, in the order its plans number them.
final class ProviderSet {
    let version: UInt64
    let pools: [ProviderPool]

    /// Takes over the pools of `previous` whose provider is unchanged, with their connections and counts.
    init(_ snapshot: UpstreamSnapshot, previous: ProviderSet?, attempts: (String) -> AttemptCounter) {
        self.version = snapshot.version
        var known: [String: ProviderPool] = [:]
        for pool in previous?.pools ?? [] { known[pool.settings.name] = pool }
        self.pools = snapshot.providers.map { settings in
            if let pool = known[settings.name], pool.settings == settings { return pool }
            return ProviderPool(settings, attempts: attempts(settings.name))
        }
    }
}
