import Domain

/// Which processes talk to each other, and so which get a socket pair between them.
enum LinkBroker {
    /// Whether processes of these roles have a link.
    static func areLinked(_ a: Role, _ b: Role) -> Bool {
        switch (a, b) {
        case (.edge, .upstream), (.edge, .aggregator), (.upstream, .aggregator), (.edge, .control): true
        case (.upstream, .edge), (.aggregator, .edge), (.aggregator, .upstream), (.control, .edge): true
        default: false
        }
    }

    /// The peers that `newcomer` needs a new link with, of those that can take one. A process that was started again comes
    /// here again: its peers' old links have ended with its predecessor.
    static func peers(of newcomer: Seat, among others: [Seat]) -> [Seat] {
        others.filter { $0 != newcomer && Self.areLinked(newcomer.role, $0.role) }
    }
}
