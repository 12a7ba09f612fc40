import Domain

/// One reload after the other, without any I/O: the new configuration goes into force everywhere or nowhere.
///
/// Belongs to `SupervisorMachine`, which reports events with the time in milliseconds and carries out the steps in order. Control
/// is asked for a new configuration → the shell opens what it names → upstreams and aggregator get their snapshots, so that whoever
/// plans with the new one finds it known → edges get theirs → it is in force. A refusal or a missing answer on the way takes it
/// back: whoever was given the new snapshot gets the old one again.
///
/// A process that dies counts as having agreed: the one that follows it gets what its role has at that time. Control is the
/// exception: the one that follows would run on the configuration before, so its death takes the new one back.
struct ReloadMachine: Hashable, Sendable {
    /// One process. A seat's next process is another member.
    struct Member: Hashable, Sendable {
        var seat: Seat
        var instance: UInt32
    }

    /// Those who are given a configuration together.
    enum Stage: Hashable, Sendable {
        /// Upstreams and the aggregator.
        case back
        case edges
    }

    /// What the owner is to do.
    enum Step: Hashable, Sendable {
        /// Ask control for a configuration of this version.
        case ask(UInt64)
        /// Say who is there; answered by `gathered`.
        case gather(Stage)
        /// Send the snapshot, to an edge with the listeners.
        case give(Seat, UInt64)
        /// It is in force: what only the one before had is closed.
        case commit(UInt64)
        /// It is not used: what was opened for it is closed.
        case drop(UInt64)
        /// Tell control that it is not used.
        case tellControl(UInt64, String)
        /// It works with a configuration that it should not have.
        case kill(Seat, String)
        /// The end. Nil: it is in force; else why it is not.
        case finished(UInt64, failure: String?)
    }

    private enum Phase: Hashable {
        case idle
        case asking(until: UInt64)
        case adopting
        case giving(Stage, until: UInt64)
        /// Those who had the new configuration get the old one.
        case takingBack(until: UInt64, failure: String)
    }

    /// Milliseconds that control has for reading and checking the file.
    static let askLimit: UInt64 = 30_000
    /// Milliseconds that each stage has for its answers.
    static let answerLimit: UInt64 = 10_000

    private var phase = Phase.idle
    /// What is in force.
    private var current: UInt64 = 0
    /// What is being put in force, or was last tried. Never used twice: somebody may still keep what failed.
    private(set) var version: UInt64 = 0
    /// Who has to answer.
    private var pending: Set<Member> = []
    /// Who was given the new configuration and has not refused it.
    private var given: Set<Member> = []

    init() {}

    /// Goes on in another program of this process; versions up to `version` were used.
    init(after version: UInt64) {
        self.version = version
    }

    /// A reload is under way.
    var isRunning: Bool { self.phase != .idle }

    /// When `tick` is to be called.
    var deadline: UInt64? {
        switch self.phase {
        case .idle, .adopting: nil
        case .asking(let until), .giving(_, let until), .takingBack(let until, _): until
        }
    }

    // MARK: Events

    /// Starts a reload; `current` is in force.
    mutating func begin(current: UInt64, at now: UInt64) -> [Step] {
        guard self.phase == .idle else { return [] }
        self.current = current
        self.version = max(self.version, current) &+ 1
        self.pending = []
        self.given = []
        self.phase = .asking(until: now &+ Self.askLimit)
        return [.ask(self.version)]
    }

    /// Whether an announcement of `version` is being waited for.
    func expects(_ version: UInt64) -> Bool {
        if case .asking = self.phase { version == self.version } else { false }
    }

    /// Whether control was asked for `version` once, so that a late answer is no fault.
    func knows(_ version: UInt64) -> Bool {
        version > 0 && version <= self.version
    }

    /// Control has announced what it was asked for. The owner opens what it names: `adopted` or `adoptionFailed`.
    mutating func announced() {
        if case .asking = self.phase { self.phase = .adopting }
    }

    /// Control cannot.
    mutating func refusedByControl(_ version: UInt64, _ reason: String) -> [Step] {
        guard self.expects(version) else { return [] }
        return self.finish(failure: reason)
    }

    /// What the announcement names is open.
    mutating func adopted() -> [Step] {
        guard self.phase == .adopting else { return [] }
        self.phase = .giving(.back, until: .max)
        return [.gather(.back)]
    }

    /// It cannot be used, and nothing of it is open.
    mutating func adoptionFailed(_ reason: String) -> [Step] {
        guard self.phase == .adopting else { return [] }
        return [.tellControl(self.version, reason)] + self.finish(failure: reason)
    }

    /// Who is there to be given the new configuration in the stage that was asked about.
    mutating func gathered(_ members: [Member], at now: UInt64) -> [Step] {
        guard case .giving(let stage, _) = self.phase else { return [] }
        self.phase = .giving(stage, until: now &+ Self.answerLimit)
        let new = members.filter { !self.given.contains($0) }
        self.pending.formUnion(new)
        self.given.formUnion(new)
        return new.map { .give($0.seat, self.version) } + self.advance()
    }

    /// The version for a process that has just introduced itself.
    mutating func version(forNewcomer member: Member) -> UInt64? {
        guard case .giving(let stage, _) = self.phase else { return nil }
        // Edges get it in their stage, and not before everybody behind them knows it.
        guard member.seat.role != .edge || stage == .edges else { return nil }
        self.pending.insert(member)
        self.given.insert(member)
        return self.version
    }

    /// An answer to a snapshot.
    mutating func acknowledged(_ member: Member, _ version: UInt64, refusal: String?, at now: UInt64) -> [Step] {
        switch self.phase {
        case .giving where version == self.version:
            guard self.pending.remove(member) != nil else { return [] }
            guard let refusal else { return self.advance() }
            self.given.remove(member)
            return self.takeBack("\(Self.name(member)): \(refusal)", at: now)
        case .takingBack where version == self.current:
            guard self.pending.remove(member) != nil else { return [] }
            let steps: [Step] =
                refusal.map { [.kill(member.seat, "it does not go back to its configuration: \($0)")] } ?? []
            return steps + self.advance()
        default:
            return []
        }
    }

    /// A process has ended. `refusedToStart`: it said so, with the new configuration as its first.
    mutating func gone(_ member: Member, refusedToStart: Bool, at now: UInt64) -> [Step] {
        if member.seat.role == .control { return self.controlGone(at: now) }
        self.given.remove(member)
        guard self.pending.remove(member) != nil else { return [] }
        if refusedToStart, case .giving = self.phase {
            return self.takeBack("\(Self.name(member)) does not start with it", at: now)
        }
        return self.advance()
    }

    private mutating func controlGone(at now: UInt64) -> [Step] {
        let reason = "sluice-control ended meanwhile"
        switch self.phase {
        case .idle, .takingBack: return []
        case .asking: return self.finish(failure: reason)
        case .adopting: return [.drop(self.version)] + self.finish(failure: reason)
        case .giving: return self.takeBack(reason, at: now)
        }
    }

    mutating func tick(at now: UInt64) -> [Step] {
        guard let deadline, deadline <= now else { return [] }
        switch self.phase {
        case .idle, .adopting: return []
        case .asking:
            let reason = "sluice-control did not answer within \(Self.askLimit / 1000) s"
            return [.tellControl(self.version, reason)] + self.finish(failure: reason)
        case .giving:
            let names = self.pending.map(Self.name).sorted().joined(separator: ", ")
            return self.takeBack("no answer within \(Self.answerLimit / 1000) s from \(names)", at: now)
        case .takingBack:
            let late = self.pending.sorted { $0.instance < $1.instance }
            self.pending = []
            return late.map { .kill($0.seat, "it does not go back to its configuration") } + self.advance()
        }
    }

    /// The tree stops: nobody is given anything any more.
    mutating func abandon() -> [Step] {
        let steps: [Step]
        switch self.phase {
        case .idle: return []
        case .asking: steps = []
        case .adopting, .giving: steps = [.drop(self.version)]
        case .takingBack: steps = []
        }
        return steps + self.finish(failure: "the gateway stops")
    }

    // MARK: Phases

    /// Goes on once everybody has answered.
    private mutating func advance() -> [Step] {
        guard self.pending.isEmpty else { return [] }
        switch self.phase {
        case .idle, .asking, .adopting: return []
        case .giving(.back, _):
            self.phase = .giving(.edges, until: .max)
            return [.gather(.edges)]
        case .giving(.edges, _):
            return [.commit(self.version)] + self.finish(failure: nil)
        case .takingBack(_, let failure):
            return self.finish(failure: failure)
        }
    }

    private mutating func takeBack(_ failure: String, at now: UInt64) -> [Step] {
        let members = self.given.sorted { $0.instance < $1.instance }
        self.phase = .takingBack(until: now &+ Self.answerLimit, failure: failure)
        self.pending = self.given
        self.given = []
        let back = members.map { Step.give($0.seat, self.current) }
        return [.tellControl(self.version, failure)] + back + [.drop(self.version)] + self.advance()
    }

    private mutating func finish(failure: String?) -> [Step] {
        self.phase = .idle
        self.pending = []
        self.given = []
        return [.finished(self.version, failure: failure)]
    }

    private static func name(_ member: Member) -> String { "\(member.seat.role.program) \(member.instance)" }
}
