/// The requests that are refused because they killed workers, as the supervisor tells them. Lives on one thread.
public final class QuarantineBoard {
    /// One kind of request.
    public struct Entry: Hashable, Sendable {
        public var fingerprint: UInt64
        /// Seconds it is still refused, rounded up.
        public var seconds: UInt64
    }

    private let now: () -> UInt64
    private let release: (UInt64) -> Void
    /// Milliseconds of `now` until which each is refused.
    private var deadlines: [UInt64: UInt64] = [:]

    /// `now` is any clock's milliseconds; `release` asks the supervisor to let requests of a fingerprint through again.
    public init(now: @escaping () -> UInt64, release: @escaping (UInt64) -> Void) {
        self.now = now
        self.release = release
    }

    /// The board of a gateway that does not run: nothing is refused.
    public convenience init() {
        self.init(now: { 0 }, release: { _ in })
    }

    /// The supervisor's word: refused for so long from now on; 0 ends it.
    public func tell(_ fingerprint: UInt64, milliseconds: UInt64) {
        let (deadline, overflow) = self.now().addingReportingOverflow(milliseconds)
        self.deadlines[fingerprint] = milliseconds == 0 ? nil : overflow ? .max : deadline
    }

    var entries: [Entry] {
        let now = self.now()
        self.deadlines = self.deadlines.filter { $0.value > now }
        return self.deadlines.map { Entry(fingerprint: $0.key, seconds: ($0.value - now).dividedUp(by: 1000)) }
            .sorted { $0.fingerprint < $1.fingerprint }
    }

    /// Asks for a release. False when no such request is refused.
    func clear(_ fingerprint: UInt64) -> Bool {
        guard self.entries.contains(where: { $0.fingerprint == fingerprint }) else { return false }
        self.release(fingerprint)
        return true
    }
}

extension UInt64 {
    fileprivate func dividedUp(by divisor: UInt64) -> UInt64 {
        self / divisor + (self % divisor == 0 ? 0 : 1)
    }
}
