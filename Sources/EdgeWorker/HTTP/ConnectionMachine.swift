import Domain

/// The states of one client connection: which request is being read or answered, what to do with input that comes
/// meanwhile, and when patience ends.
///
/// Pure: times are passed in, in nanoseconds of the event loop's clock; the handler carries out what is returned. One
/// request at a time: what a client sends ahead is held back by the handler until the reply is whole.
struct ConnectionMachine {
    enum Phase: Hashable {
        /// Nothing of a request has come.
        case idle
        /// Some of a head has come.
        case head
        /// A request is being read, worked on or answered.
        case request(Input)
        /// The last reply is out; input is thrown away until the client has seen it and closes.
        case lingering
        case closed
    }

    /// How much of the current request has come.
    enum Input: Hashable {
        case reading
        /// It is answered already; the rest of its body is thrown away.
        case discarding
        case whole
    }

    /// What to do with a part of a message.
    enum Disposition: Hashable {
        case take
        /// Keep it until the current request is answered.
        case hold
        case drop
    }

    /// What to do at the end of a message.
    enum Completion: Hashable {
        /// The request is whole: serve it.
        case serve
        /// It was answered before it was whole: the connection is free for the next one.
        case next
        case hold
        case drop
    }

    /// What to do after a reply.
    enum AfterReply: Hashable {
        case next
        /// The rest of the request's body has to come first.
        case wait
        case close
        /// Close for writing, and read on for a while.
        case linger
    }

    /// What to do when time is up.
    enum Expiry: Hashable {
        case none
        case close
        /// Answer 408 and close.
        case requestTimeout
    }

    /// Nanoseconds for a client to take the last reply and close, counted again while it still sends.
    static let lingering: UInt64 = 2_000_000_000
    /// Nanoseconds after which a client that still sends is cut off.
    static let longestLingering: UInt64 = 30_000_000_000
    /// Nanoseconds in which a client may still send a request that was on its way when the edge began to drain: on a connection that is
    /// new, and on one that has had a reply.
    static let lastCall: (new: UInt64, used: UInt64) = (2_000_000_000, 1_000_000_000)

    private(set) var phase = Phase.idle
    /// For a whole head, and between two pieces of a body.
    private let headerTimeout: UInt64
    private let idleTimeout: UInt64
    private var deadline: UInt64
    private var lingeringEnd: UInt64 = .max
    /// The end of a message without a body is still to be reported by the decoder.
    private(set) var awaitsEnd = false
    /// A reply has gone out on this connection.
    private var hasServed = false

    /// The connection was accepted `now`.
    init(limits: HTTPLimits, now: UInt64) {
        self.headerTimeout = limits.headerTimeout.multipliedReportingOverflow(by: 1_000_000).partialValue
        self.idleTimeout = limits.idleTimeout.multipliedReportingOverflow(by: 1_000_000).partialValue
        self.deadline = now &+ self.headerTimeout
    }

    /// No request is being read, worked on or answered, and nothing of one has come.
    var isIdle: Bool { self.phase == .idle }

    /// A request is there whose reply is not whole.
    var isBusy: Bool {
        if case .request(let input) = self.phase { return input != .discarding }
        return false
    }

    /// The current request has come whole.
    var hasWholeRequest: Bool { self.phase == .request(.whole) }

    // MARK: Input

    /// Whether bytes matter that are not (yet) a part of a message.
    var noticesBytes: Bool { self.phase == .idle || self.phase == .lingering }

    /// Bytes came that are not (yet) a part of a message.
    mutating func receivedBytes(now: UInt64) {
        switch self.phase {
        case .idle:
            self.phase = .head
            self.deadline = now &+ self.headerTimeout
        case .lingering: self.deadline = min(now &+ ConnectionMachine.lingering, self.lingeringEnd)
        case .head, .request, .closed: break
        }
    }

    /// A head has come.
    mutating func receivedHead(hasBody: Bool, now: UInt64) -> Disposition {
        switch self.phase {
        case .idle, .head:
            self.phase = .request(hasBody ? .reading : .whole)
            self.awaitsEnd = !hasBody
            self.deadline = hasBody ? now &+ self.headerTimeout : .max
            return .take
        case .request: return .hold
        case .lingering, .closed: return .drop
        }
    }

    /// A piece of a body has come.
    mutating func receivedBody(now: UInt64) -> Disposition {
        switch self.phase {
        case .request(.reading):
            self.deadline = now &+ self.headerTimeout
            return .take
        case .request(.discarding):
            self.deadline = now &+ self.headerTimeout
            return .drop
        case .request(.whole): return .hold
        case .idle, .head, .lingering, .closed: return .drop
        }
    }

    /// Reading goes on after a time in which the client could not be heard.
    mutating func readingResumed(now: UInt64) {
        guard self.phase == .request(.reading) else { return }
        self.deadline = now &+ self.headerTimeout
    }

    /// The end of a message has come.
    mutating func receivedEnd(now: UInt64) -> Completion {
        let wasAwaited = self.awaitsEnd
        self.awaitsEnd = false
        switch self.phase {
        case .request(.reading):
            self.phase = .request(.whole)
            self.deadline = .max
            return .serve
        case .request(.discarding):
            self.becomeIdle(now)
            return .next
        case .request(.whole): return wasAwaited ? .serve : .hold
        case .idle, .head, .lingering, .closed: return .drop
        }
    }

    /// The client will send no more. True: the connection is to be closed now; false: a request it has sent whole is still
    /// to be answered.
    mutating func inputEnded() -> Bool {
        guard case .request(.whole) = self.phase else {
            self.phase = .closed
            return true
        }
        return false
    }

    // MARK: Replies

    /// The reply is whole. `keepsAlive`: request and server want to go on. `canDiscard`: what of the request's body has
    /// not come is little enough to be read and thrown away. `hasHeld`: the client has sent more meanwhile.
    mutating func replyEnded(keepsAlive: Bool, canDiscard: Bool, hasHeld: Bool, now: UInt64) -> AfterReply {
        guard case .request(let input) = self.phase else { return .close }
        switch (input, keepsAlive) {
        case (.whole, true):
            self.becomeIdle(now)
            return .next
        case (.reading, true) where canDiscard:
            self.phase = .request(.discarding)
            self.deadline = now &+ self.headerTimeout
            return .wait
        case (.whole, false) where !hasHeld:
            self.phase = .closed
            return .close
        default:
            self.phase = .lingering
            self.deadline = now &+ ConnectionMachine.lingering
            self.lingeringEnd = now &+ ConnectionMachine.longestLingering
            return .linger
        }
    }

    /// The input was unusable: whatever was being read, a final reply follows.
    mutating func inputBroke() {
        switch self.phase {
        case .idle, .head, .request(.discarding): self.phase = .request(.reading)
        case .request, .lingering, .closed: break
        }
        self.deadline = .max
    }

    /// The connection has ended.
    mutating func closed() {
        self.phase = .closed
        self.deadline = .max
    }

    /// The edge drains: one more request, which is told that it is the last, and no long wait for it.
    mutating func drain(now: UInt64) {
        guard self.phase == .idle else { return }
        let patience = self.hasServed ? ConnectionMachine.lastCall.used : ConnectionMachine.lastCall.new
        self.deadline = min(self.deadline, now &+ patience)
    }

    private mutating func becomeIdle(_ now: UInt64) {
        self.phase = .idle
        self.hasServed = true
        self.deadline = now &+ self.idleTimeout
    }

    // MARK: Time

    /// What `now` means for the connection; to be asked every second or so.
    mutating func expired(now: UInt64) -> Expiry {
        guard now >= self.deadline else { return .none }
        switch self.phase {
        case .idle, .lingering, .request(.discarding):
            self.closed()
            return .close
        case .head, .request(.reading):
            self.inputBroke()
            return .requestTimeout
        case .request(.whole), .closed: return .none
        }
    }
}
