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

    /// A link is open: what waited starts, in the order it came.
    func add(_ link: PeerLink) {
        self.links.append(link)
        let exchanges = self.waiting
        self.waiting = []
        for exchange in exchanges { exchange.start(on: self.leastBusy() ?? link) }
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
