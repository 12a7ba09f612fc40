internal import IPC

/// The client's side of a reply: its head, once, then its data as far as there is credit. Times in monotonic nanoseconds. Pure.
struct ReplySender {
    private var flow = ReplyFlow()
    private(set) var headIsOut = false
    /// What the head says of who answers: which of the request's calls, and how many were made until then.
    var place: UInt8 = 0
    var attempts: UInt8 = 0
    /// What the calls that are over have cost.
    private var cost = AttemptCost()
    /// When something last went out, or waits to; 0 before.
    private(set) var lastSentAt: UInt64 = 0

    /// Whether data waits for credit. While it does, no more should be taken from the provider.
    var isBlocked: Bool { self.flow.isBlocked }

    /// A call is over.
    mutating func settled(_ report: AttemptReport) {
        self.cost.add(report)
    }

    /// `isSettled`: all calls are over, and the reply is here as a whole.
    mutating func send(
        _ head: ResponseHead, isSettled: Bool = false, at now: UInt64, to output: some ExchangeOutput
    ) {
        self.headIsOut = true
        self.lastSentAt = now
        var head = head
        head.call = self.place
        head.attempts = self.attempts
        head.cost = isSettled ? ReplyCost(final: self.cost.sum) : .open
        output.send(head: head)
    }

    mutating func push(_ bytes: UnsafeRawBufferPointer, at now: UInt64, to output: some ExchangeOutput) {
        self.lastSentAt = now
        unsafe self.flow.push(bytes, to: output)
    }

    mutating func push(_ bytes: [UInt8], at now: UInt64, to output: some ExchangeOutput) {
        unsafe bytes.withUnsafeBytes { unsafe self.push($0, at: now, to: output) }
    }

    /// The edge has written `bytes` to the client. Throws when that is more than was sent.
    mutating func credit(_ bytes: UInt32, at now: UInt64, to output: some ExchangeOutput) throws(FrameError) {
        if self.isBlocked { self.lastSentAt = now }
        try self.flow.credit(bytes, to: output)
    }

    /// What waits is not sent any more.
    mutating func drop() {
        self.flow = ReplyFlow()
    }
}
