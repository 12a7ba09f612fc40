import IPC
import Routing

/// The open links to upstreams (or to the aggregator), and the requests that wait because there is none right now (a worker
/// starts again within two seconds). Lives on the event loop; the waiting requests are bounded by the body budget.
final class UpstreamPool {
    private var links: [PeerLink] = []
    private var waiting: [Exchange] = []

    /// A request can be sent at once.
    var isAvailable: Bool { !self.links.isEmpty }

    /// The link with the fewest running streams.
    func leastBusy() -> PeerLink? {
        guard var best = self.links.first else { return nil }
        for link in self.links.dropFirst() where link.load < best.load { best = link }
        return best
    }

    /// The link for requests of one name, so that they meet: the same in all edges, and for most names also when an upstream
    /// comes or goes.
    func link(for name: ProviderRequest.SharedName) -> PeerLink? {
        var best: (link: PeerLink, rank: UInt64)?
        for link in self.links {
            let rank = StableHash.spread(name.high ^ StableHash.spread(name.low &+ UInt64(link.instance)))
            if rank > best?.rank ?? 0 || best == nil { best = (link, rank) }
        }
        return best?.link
    }

    /// A link is open: what waited starts, in the order it came.
    func add(_ link: PeerLink) {
        self.links.append(link)
        let exchanges = self.waiting
        self.waiting = []
        for exchange in exchanges { exchange.start(on: exchange.link(in: self) ?? link) }
    }

    func remove(_ link: PeerLink) {
        self.links.removeAll { $0 === link }
    }

    /// Starts `exchange` with the next link that opens.
    func wait(_ exchange: Exchange) {
        self.waiting.append(exchange)
    }

    /// `exchange` waits no longer.
    func forget(_ exchange: Exchange) {
        self.waiting.removeAll { $0 === exchange }
    }
}
