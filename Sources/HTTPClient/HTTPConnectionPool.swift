/// The idle connections of our own to one host and port. Lives on the client's loop.
///
/// Invariant: those in it carry no exchange, and stand in the order in which they became idle.
final class HTTPConnectionPool {
    /// Nanoseconds after which an idle connection is not used again: who has kept it open at the other end may have forgotten it
    /// (libcurl's own bound).
    static let maximumAge: UInt64 = 118_000_000_000

    /// The client whose connections these are.
    let owner: ObjectIdentifier
    private var idle: [HTTPConnection] = []

    init(owner: ObjectIdentifier) {
        self.owner = owner
    }

    /// When the one that is idle for the longest became so; nil when there is none.
    var oldest: UInt64? { self.idle.first?.idleSince }

    var count: Int { self.idle.count }

    /// The one that was used last, which is the least likely to be closed; nil when there is none that is not too old.
    func take(at now: UInt64) -> HTTPConnection? {
        self.closeOld(at: now)
        while let connection = self.idle.popLast() {
            if connection.isQuiet(at: now) { return connection }
            connection.close()
        }
        return nil
    }

    func put(_ connection: HTTPConnection) { self.idle.append(connection) }

    /// The client goes away with its connections.
    func forgetAll() { self.idle = [] }

    /// An idle connection has ended by itself.
    func remove(_ connection: HTTPConnection) {
        guard let place = self.idle.lastIndex(where: { $0 === connection }) else { return }
        self.idle.remove(at: place)
    }

    func closeOldest() {
        guard !self.idle.isEmpty else { return }
        self.idle.removeFirst().close()
    }

    func closeOld(at now: UInt64) {
        while let oldest = self.oldest, now > oldest, now - oldest > Self.maximumAge { self.closeOldest() }
    }
}
