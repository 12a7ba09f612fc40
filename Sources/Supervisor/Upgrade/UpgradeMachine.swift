import Domain

/// One upgrade, without any I/O: other programs take over from those that run, or nothing has happened.
///
/// Belongs to `SupervisorMachine`, which reports events with the time in milliseconds and carries out the steps in order. The
/// programs are asked → the new generation is started on stand-by → all of it is READY → the old control and aggregator let go of
/// their files → the new generation takes over, the old edges finish what they have → the old upstreams → the supervisor replaces
/// itself. Whatever goes wrong before the new generation takes over ends it and leaves the old one as it is.
struct UpgradeMachine: Hashable, Sendable {
    /// What the owner is to do.
    enum Step: Hashable, Sendable {
        /// Ask each program; answered by `answered`.
        case ask
        /// Nobody needs the answers any more.
        case stopAsking
        /// Start the new generation's control on stand-by.
        case startStandby
        /// The old control and aggregator are to end; answered by `retired`.
        case retire(Part)
        /// The new generation serves.
        case takeOver
        /// End the new generation; answered by `standbyGone`.
        case discard
        case kill(Part)
        /// The supervisor is to become the new program.
        case replaceSupervisor
        /// The end. Nil: the new programs serve; else why the old ones do.
        case finished(failure: String?)
    }

    /// What of the old generation ends together.
    enum Part: Hashable, Sendable {
        case files
        case edges
        case upstreams

        var roles: [Role] {
            switch self {
            case .files: [.control, .aggregator]
            case .edges: [.edge]
            case .upstreams: [.upstream]
            }
        }
    }

    enum Phase: Hashable, Sendable {
        case idle
        case asking(until: UInt64)
        case standby(until: UInt64)
        case discarding(String)
        /// `until`: what is left is killed then.
        case retiring(Part, until: UInt64)
        case replacing
    }

    /// What the programs are asked in order.
    static let asked: [Role] = [.supervisor, .control, .aggregator, .upstream, .edge]
    /// Milliseconds that the programs have for their answers.
    static let askLimit: UInt64 = 10_000
    /// Milliseconds that the old aggregator gets for what it has read.
    static let filesDrain: UInt64 = 1000
    static let filesLimit: UInt64 = 10_000
    static let upstreamsDrain: UInt64 = 5000
    /// What is granted beyond each drain.
    static let grace: UInt64 = 5000

    private(set) var phase = Phase.idle
    /// Milliseconds from the first process on stand-by until all are READY.
    let standbyLimit: UInt64
    private var unanswered: Set<Role> = []

    init(standbyLimit: UInt64 = 30_000) {
        self.standbyLimit = standbyLimit
    }

    var isRunning: Bool { self.phase != .idle }

    /// Nothing is decided yet: the old generation serves.
    var isBeforeTakeOver: Bool {
        switch self.phase {
        case .idle, .asking, .standby, .discarding, .retiring(.files, _): true
        case .retiring, .replacing: false
        }
    }

    /// The new generation exists and waits.
    var hasStandby: Bool {
        switch self.phase {
        case .standby, .discarding, .retiring(.files, _): true
        case .idle, .asking, .retiring, .replacing: false
        }
    }

    var deadline: UInt64? {
        switch self.phase {
        case .idle, .discarding, .replacing: nil
        case .asking(let until), .standby(let until), .retiring(_, let until): until
        }
    }

    /// For people.
    var progress: String {
        switch self.phase {
        case .idle: ""
        case .asking: "asking the new programs"
        case .standby: "waiting until the new processes are ready"
        case .discarding: "ending the new processes"
        case .retiring(.files, _): "the old aggregator and control end"
        case .retiring: "the new processes serve, the old ones finish their requests"
        case .replacing: "replacing the supervisor"
        }
    }

    // MARK: Events

    mutating func begin(at now: UInt64) -> [Step] {
        guard self.phase == .idle else { return [] }
        self.unanswered = Set(Self.asked)
        self.phase = .asking(until: now &+ Self.askLimit)
        return [.ask]
    }

    /// What came of asking one program: nil where it can take over.
    mutating func answered(_ role: Role, obstacle: String?, at now: UInt64) -> [Step] {
        guard case .asking = self.phase, self.unanswered.remove(role) != nil else { return [] }
        if let obstacle {
            return [.stopAsking] + self.finish("\(obstacle)")
        }
        guard self.unanswered.isEmpty else { return [] }
        self.phase = .standby(until: now &+ self.standbyLimit)
        return [.startStandby]
    }

    /// All of the new generation is READY.
    mutating func allReady(at now: UInt64) -> [Step] {
        guard case .standby = self.phase else { return [] }
        self.phase = .retiring(.files, until: now &+ Self.filesLimit)
        return [.retire(.files)]
    }

    /// A process of the new generation cannot be used, before it has taken over.
    mutating func standbyFailed(_ reason: String) -> [Step] {
        switch self.phase {
        case .standby:
            self.phase = .discarding(reason)
            return [.discard]
        // The old control and aggregator are ending: there is no way back but through the new ones, which are started again.
        default: return []
        }
    }

    /// Nobody of the new generation is left.
    mutating func standbyGone() -> [Step] {
        guard case .discarding(let reason) = self.phase else { return [] }
        return self.finish(reason)
    }

    /// Nobody of that part of the old generation is left. `drain`: what the edges have, in milliseconds.
    mutating func retired(_ part: Part, drain: UInt64, at now: UInt64) -> [Step] {
        guard case .retiring(part, _) = self.phase else { return [] }
        switch part {
        case .files:
            self.phase = .retiring(.edges, until: Self.sum(now, drain, Self.grace))
            return [.takeOver, .retire(.edges)]
        case .edges:
            self.phase = .retiring(.upstreams, until: now &+ Self.upstreamsDrain &+ Self.grace)
            return [.retire(.upstreams)]
        case .upstreams:
            self.phase = .replacing
            return [.replaceSupervisor]
        }
    }

    /// The supervisor is the new program now, or cannot become it.
    mutating func replaced() -> [Step] {
        guard self.phase == .replacing else { return [] }
        return self.finish(nil)
    }

    mutating func tick(at now: UInt64) -> [Step] {
        guard let deadline, deadline <= now else { return [] }
        switch self.phase {
        case .idle, .discarding, .replacing: return []
        case .asking:
            let late = Self.asked.filter { self.unanswered.contains($0) }.map(\.program).joined(separator: ", ")
            return [.stopAsking] + self.finish("no answer within \(Self.askLimit / 1000) s from \(late)")
        case .standby:
            self.phase = .discarding("the new processes were not ready within \(self.standbyLimit / 1000) s")
            return [.discard]
        case .retiring(let part, _):
            self.phase = .retiring(part, until: now &+ Self.grace)
            return [.kill(part)]
        }
    }

    /// The gateway stops: both generations end, and nothing goes on.
    mutating func abandon() -> [Step] {
        guard self.phase != .idle else { return [] }
        var steps: [Step] = []
        if case .asking = self.phase { steps.append(.stopAsking) }
        return steps + self.finish("the gateway stops")
    }

    private mutating func finish(_ failure: String?) -> [Step] {
        self.phase = .idle
        self.unanswered = []
        return [.finished(failure: failure)]
    }

    private static func sum(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
        let (first, one) = a.addingReportingOverflow(b)
        let (second, two) = first.addingReportingOverflow(c)
        return one || two ? .max : second
    }
}
