import Domain

/// Tells a client that reads slowly from one that reads no more, by the bytes its socket has taken.
///
/// Pure: times are passed in, in nanoseconds of the event loop's clock.
struct OutputProgress {
    /// A short idle timeout is meant for connections without a request, not for a reply on a bad network.
    private static let leastPatience: UInt64 = 30_000_000_000

    private let patience: UInt64
    /// Bytes given to the channel so far.
    private var handed: UInt64 = 0
    /// Bytes the socket had taken when it was last looked at.
    private var taken: UInt64 = 0
    /// When output that waits was first seen with `taken` as it is; nil while none waits.
    private var since: UInt64?

    init(limits: HTTPLimits) {
        let (idle, overflow) = limits.idleTimeout.multipliedReportingOverflow(by: 1_000_000)
        self.patience = overflow ? .max : max(idle, OutputProgress.leastPatience)
    }

    /// The channel was given `count` bytes.
    mutating func handedOver(_ count: Int) {
        self.handed &+= UInt64(clamping: count)
    }

    /// Output has waited for the whole patience and none of it was taken. `waits`: there is output the socket has not
    /// taken; `buffered` bytes of it are in the channel.
    mutating func isStalled(waits: Bool, buffered: Int, now: UInt64) -> Bool {
        let taken = self.handed &- UInt64(clamping: buffered)
        guard waits, taken == self.taken, let since = self.since else {
            self.taken = taken
            self.since = waits ? now : nil
            return false
        }
        return now &- since >= self.patience
    }
}
