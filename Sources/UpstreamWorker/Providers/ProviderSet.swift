internal import Domain

/// The providers of one snapshot, in the order its plans number them.
final class ProviderSet {
    let version: UInt64
    let pools: [ProviderPool]
    /// In the order plans number them; at least one.
    private let policies: [RoutePolicy]
    private let prices: [Price]
    private let priceIDs: [UInt64]

    /// Takes over the pools of `previous` whose provider is unchanged, with their connections and counts.
    init(_ snapshot: UpstreamSnapshot, previous: ProviderSet?, attempts: (String) -> AttemptCounter) {
        self.version = snapshot.version
        self.prices = snapshot.prices
        self.policies = snapshot.policies
        self.priceIDs = snapshot.prices.map(\.id)
        var known: [String: ProviderPool] = [:]
        for pool in previous?.pools ?? [] { known[pool.settings.name] = pool }
        self.pools = snapshot.providers.map { settings in
            if let pool = known[settings.name], pool.settings == settings {
                pool.gate.update(upstreams: snapshot.upstreams)
                return pool
            }
            return ProviderPool(settings, attempts: attempts(settings.name), upstreams: snapshot.upstreams)
        }
    }

    /// The policy a plan names; the default one where there is none of that number.
    func policy(_ index: UInt16) -> RoutePolicy {
        Int(index) < self.policies.count ? self.policies[Int(index)] : self.policies.first ?? RoutePolicy()
    }

    /// The price a target names by its index; nil where it is unknown.
    func price(_ index: UInt32?) -> Price? {
        guard let index, Int(index) < self.prices.count else { return nil }
        return self.prices[Int(index)]
    }

    /// The price's name in records, 0 where it is unknown.
    func priceID(_ index: UInt32?) -> UInt64 {
        guard let index, Int(index) < self.priceIDs.count else { return 0 }
        return self.priceIDs[Int(index)]
    }
}
