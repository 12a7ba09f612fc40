public import Domain

/// What goes out over a process's links to peers of one role. What comes in is counted where it went out.
public final class LinkCounters {
    @usableFromInline let frames: MetricCounter
    @usableFromInline let bytes: MetricCounter
    @usableFromInline let stalls: MetricCounter
    private let links: MetricGauge
    private var open: Int64 = 0

    fileprivate init(_ page: MetricPage, role: Role, peer: Role) {
        self.frames = page.counter(MetricCatalogue.linkFrames, role.label, peer.label)
        self.bytes = page.counter(MetricCatalogue.linkBytes, role.label, peer.label)
        self.stalls = page.counter(MetricCatalogue.linkStalls, role.label, peer.label)
        self.links = page.gauge(MetricCatalogue.links, role.label, peer.label)
    }

    /// A frame, its header included, was handed over for sending.
    @inlinable
    public func sent(_ size: Int) {
        self.frames.add()
        self.bytes.add(UInt64(truncatingIfNeeded: size))
    }

    /// Data waits: the window is used up, or the socket full.
    @inlinable
    public func stalled() { self.stalls.add() }

    public func opened() {
        self.open += 1
        self.links.set(self.open)
    }

    public func ended() {
        self.open = max(0, self.open - 1)
        self.links.set(self.open)
    }

    /// Those of a process, by the role of the peer.
    public struct Table {
        private let page: MetricPage
        private let role: Role
        private var counters: [Role: LinkCounters] = [:]

        public init(_ page: MetricPage, role: Role) {
            self.page = page
            self.role = role
        }

        public mutating func counters(for peer: Role) -> LinkCounters {
            if let known = self.counters[peer] { return known }
            let counters = LinkCounters(self.page, role: self.role, peer: peer)
            self.counters[peer] = counters
            return counters
        }
    }
}
