import Glibc

/// The time and the dice of a connection.
public struct PostgresTiming: Sendable {
    /// Milliseconds of a clock that never goes back.
    public var now: @Sendable () -> UInt64
    public var random: @Sendable () -> UInt64
    /// Sleeps for some milliseconds.
    public var sleep: @Sendable (UInt64) -> Void

    public init(
        now: @escaping @Sendable () -> UInt64, random: @escaping @Sendable () -> UInt64,
        sleep: @escaping @Sendable (UInt64) -> Void
    ) {
        self.now = now
        self.random = random
        self.sleep = sleep
    }

    /// The machine's.
    public static let system = PostgresTiming(
        now: {
            var time = timespec()
            unsafe clock_gettime(CLOCK_MONOTONIC, &time)
            return UInt64(clamping: time.tv_sec) * 1000 + UInt64(clamping: time.tv_nsec) / 1_000_000
        },
        random: { UInt64.random(in: .min ... .max) },
        sleep: { usleep(UInt32(clamping: $0 * 1000)) })
}
