/// When a lost connection may be made again: at once when the last try is long ago, then in intervals that double up to ten seconds, each
/// with jitter, so that many processes do not come at once when a server is back.
struct ReconnectBackoff {
    /// Milliseconds.
    static let shortest: UInt64 = 100
    static let longest: UInt64 = 10_000

    private var failures: UInt64 = 0
    private var next: UInt64 = 0

    /// Milliseconds until a connection may be tried; 0 for now.
    func wait(now: UInt64) -> UInt64 {
        self.next > now ? self.next - now : 0
    }

    /// A try begins. Also when it succeeds, the next one has to wait: a server that takes connections only to end them is not stormed.
    mutating func begin(now: UInt64, random: UInt64) {
        let full = min(Self.longest, Self.shortest << min(self.failures, 10))
        // From half of the interval to all of it.
        self.next = now &+ full / 2 &+ random % (full / 2 + 1)
        self.failures = min(self.failures + 1, 64)
    }

    /// It has failed just now: the interval begins here, however long the try took.
    mutating func failed(now: UInt64, random: UInt64) {
        self.failures = max(1, self.failures) - 1
        self.begin(now: now, random: random)
    }

    mutating func succeeded() {
        self.failures = 0
    }
}
