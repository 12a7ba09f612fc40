import Synchronization

/// Milliseconds that go on when the test says so.
final class TestClock: Sendable {
    private let time = Mutex<UInt64>(1_000_000)

    var now: UInt64 { self.time.withLock { $0 } }

    func advance(_ milliseconds: UInt64) { self.time.withLock { $0 += milliseconds } }
}
