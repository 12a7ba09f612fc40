import Domain

/// The life of the process in one seat, as the supervisor sees it. Pure: times are milliseconds handed in.
///
/// vacant → handshaking (spawned, HELLO sent) → greeted (HELLO answered) → ready → draining → gone; from any living state
/// to aborting (ABRT sent) and killed (KILL sent). When the process has ended the slot is waiting (for the next start) or,
/// while the tree stops, gone.
struct ChildSlot: Hashable, Sendable {
    enum State: Hashable, Sendable {
        case vacant
        /// To be started again then.
        case waiting(until: UInt64)
        case handshaking
        case greeted
        case ready
        case draining
        /// ABRT was sent; KILL follows then.
        case aborting(killAt: UInt64)
        case killed
        /// Nothing runs here and nothing will.
        case gone
    }

    /// What time has brought.
    enum Due: Hashable, Sendable {
        case start
        /// It was not READY in time.
        case neverReady
        /// It did not end though it was asked to (ABRT), or had closed its line.
        case stillAlive
    }

    /// Milliseconds from spawn to READY.
    static let readyLimit: UInt64 = 30_000
    /// Heartbeats, one a second, that may go unanswered.
    static let silenceLimit: UInt64 = 10
    static let abortLimit: UInt64 = 2000
    /// From the end of its line to its own end.
    static let farewellLimit: UInt64 = 5000

    var state = State.vacant
    var instance: UInt32 = 0
    /// Whether any process in this seat has been READY.
    var wasEverReady = false
    /// Times a process was started here again.
    var restarts: UInt64 = 0
    /// From the last heartbeat answer.
    var activeRequests: UInt32 = 0
    /// The last snapshot that it has put in force.
    var version: UInt64 = 0
    /// What of its hardening it could not have.
    var missing: Hardening = []
    var throttle = RestartThrottle()
    var spawnedAt: UInt64 = 0
    var readyAt: UInt64?
    var lineEndedAt: UInt64?
    var beatsSent: UInt64 = 0
    var lastAnswered: UInt64 = 0
    /// Heartbeats sent since the last answer. Counted, not timed: a supervisor that was itself stopped for a while must
    /// not hold that against its children.
    var silentBeats: UInt64 = 0

    /// A process runs here.
    var isAlive: Bool {
        switch self.state {
        case .vacant, .waiting, .gone: false
        case .handshaking, .greeted, .ready, .draining, .aborting, .killed: true
        }
    }

    /// It has introduced itself, works or is about to, and may be given links.
    var takesLinks: Bool { (self.state == .greeted || self.state == .ready) && self.lineEndedAt == nil }

    /// It takes nothing new and still works on what it has.
    var finishesRequests: Bool { self.state == .draining && self.isReachable }

    /// It gets messages.
    var isReachable: Bool {
        guard self.lineEndedAt == nil else { return false }
        switch self.state {
        case .handshaking, .greeted, .ready, .draining: return true
        case .vacant, .waiting, .gone, .aborting, .killed: return false
        }
    }

    // MARK: Events

    mutating func spawned(instance: UInt32, at now: UInt64) {
        if self.instance != 0 { self.restarts &+= 1 }
        self.state = .handshaking
        self.instance = instance
        self.spawnedAt = now
        self.readyAt = nil
        self.lineEndedAt = nil
        self.activeRequests = 0
        self.version = 0
        self.missing = []
        self.beatsSent = 0
        self.lastAnswered = 0
        self.silentBeats = 0
    }

    /// HELLO was answered. False when that was not to come.
    mutating func greeted() -> Bool {
        guard self.state == .handshaking else { return self.state == .draining }
        self.state = .greeted
        return true
    }

    /// READY came. False when that was not to come.
    mutating func becameReady(at now: UInt64) -> Bool {
        guard self.state == .greeted else { return self.state == .draining }
        self.state = .ready
        self.readyAt = now
        self.silentBeats = 0
        self.wasEverReady = true
        return true
    }

    /// The next heartbeat's number, or nil when too many went unanswered: the child hangs and is to be aborted. Before
    /// READY a child may be busy for longer; `readyLimit` bounds that.
    mutating func nextBeat() -> UInt64? {
        guard self.silentBeats < Self.silenceLimit || self.state == .greeted else { return nil }
        self.silentBeats &+= 1
        self.beatsSent &+= 1
        return self.beatsSent
    }

    /// A heartbeat was answered. False for a number that was not asked or was answered already.
    mutating func beat(_ sequence: UInt64, activeRequests: UInt32) -> Bool {
        guard sequence > self.lastAnswered, sequence <= self.beatsSent else { return false }
        self.lastAnswered = sequence
        self.silentBeats = 0
        self.activeRequests = activeRequests
        return true
    }

    mutating func draining() {
        if self.isReachable { self.state = .draining }
    }

    mutating func aborting(at now: UInt64) {
        self.state = .aborting(killAt: now &+ Self.abortLimit)
    }

    mutating func killed() {
        self.state = .killed
    }

    mutating func lineEnded(at now: UInt64) {
        if self.lineEndedAt == nil { self.lineEndedAt = now }
    }

    /// The process has ended (or could not be started) and the tree goes on. `refused`: it said that it cannot start.
    /// Returns the milliseconds until it is started again.
    mutating func ended(at now: UInt64, refused: Bool) -> UInt64 {
        let readyFor = self.readyAt.map { now >= $0 ? now - $0 : 0 }
        let delay = refused ? self.throttle.delayAfterRefusal() : self.throttle.delay(readyFor: readyFor)
        self.state = .waiting(until: now &+ delay)
        self.activeRequests = 0
        self.readyAt = nil
        self.lineEndedAt = nil
        return delay
    }

    /// The process has ended, or there is none, and none will follow.
    mutating func over() {
        self.state = .gone
        self.activeRequests = 0
        self.lineEndedAt = nil
    }

    // MARK: Time

    /// Milliseconds since the process was started.
    func age(at now: UInt64) -> UInt64 {
        now >= self.spawnedAt ? now - self.spawnedAt : 0
    }

    /// When something is due without an event from outside.
    var deadline: UInt64? {
        switch self.state {
        case .waiting(let until): until
        case .aborting(let killAt): killAt
        case .handshaking, .greeted:
            min(self.spawnedAt &+ Self.readyLimit, self.lineEndedAt.map { $0 &+ Self.farewellLimit } ?? .max)
        case .ready, .draining: self.lineEndedAt.map { $0 &+ Self.farewellLimit }
        case .vacant, .killed, .gone: nil
        }
    }

    /// What is due at `now`.
    func due(at now: UInt64) -> Due? {
        guard let deadline, deadline <= now else { return nil }
        switch self.state {
        case .waiting: return .start
        case .handshaking, .greeted: return self.lineEndedAt == nil ? .neverReady : .stillAlive
        default: return .stillAlive
        }
    }
}
