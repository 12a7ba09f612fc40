/// How far the running attempt has come; times in monotonic nanoseconds, 0 for what was not reached. Pure.
struct AttemptProgress: Hashable {
    private(set) var number: UInt8 = 0
    private var startedAt: UInt64 = 0
    private(set) var connectedAt: UInt64 = 0
    private(set) var firstContentAt: UInt64 = 0
    private(set) var replyBytes: UInt64 = 0

    mutating func begin(_ number: UInt8, at now: UInt64) {
        self = AttemptProgress()
        self.number = number
        self.startedAt = now
    }

    mutating func connected(at now: UInt64) {
        if self.connectedAt == 0 { self.connectedAt = now }
    }

    mutating func received(_ bytes: Int) {
        self.replyBytes &+= UInt64(bytes)
    }

    mutating func hasContent(at now: UInt64) {
        if self.firstContentAt == 0 { self.firstContentAt = now }
    }

    /// Nanoseconds from the start to the first content; nil where none came.
    var firstContent: UInt64? { self.firstContentAt == 0 ? nil : self.firstContentAt &- self.startedAt }

    func outcome(_ evidence: AttemptEvidence, code: String?, at now: UInt64) -> AttemptOutcome {
        AttemptOutcome(
            number: self.number, evidence: evidence, error: code, connected: self.microseconds(to: self.connectedAt),
            firstContent: self.microseconds(to: self.firstContentAt), total: (now &- self.startedAt) / 1000,
            replyBytes: self.replyBytes)
    }

    /// At least one for what was reached: a kept connection is there at once.
    private func microseconds(to time: UInt64) -> UInt64 {
        time == 0 ? 0 : max(1, (time &- self.startedAt) / 1000)
    }
}
