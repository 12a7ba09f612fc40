public import Domain

/// The requests that wait for one provider, in the order of start-time fair queueing: projects take turns in proportion to
/// their weights, whoever of them sends the most; within a project the first comes first.
///
/// Each project that waits has a start tag, the virtual time at which its first request's turn comes; the smallest one is
/// next. A turn that is used moves its project's tag by 1 ÷ weight, and the queue's virtual time to the tag the turn had; a
/// project that comes (back) starts at the later of its own tag and the virtual time, so it can neither save up turns nor get
/// more by leaving the queue between them.
///
/// At most `terms.length` wait. A project may have its weight's share of that among the projects that wait, at least one; where
/// the queue is full with what others had before there were so many to share it, the last of the one furthest beyond its
/// share gives way. Refused at once is also who would most likely wait longer than `terms.patience`.
///
/// All in O(log n) of the projects. Time is passed in (monotonic nanoseconds, never going back). Pure.
public struct FairQueue: Sendable {
    public enum Entering: Hashable, Sendable {
        /// `displaced` had to give way to it and has left the queue.
        case accepted(QueueTicket, displaced: QueueTicket?)
        /// `expectedWait`: nanoseconds it would most likely have waited, 0 where nothing is known of how long calls take.
        case refused(expectedWait: UInt64)
    }

    private struct Waiting {
        var project: Int
        var enteredAt: UInt64
        /// Counts up over all that enter; 0: nobody.
        var sequence: UInt64
        /// In the project's line, and among all by age. -1: none.
        var behind = -1, before = -1
        var younger = -1, older = -1
    }

    struct Project {
        var id: EntityID
        var weight: UInt64
        /// Of its first request in line, or of the one that comes next.
        var tag: UInt64
        var count = 0
        var first = -1, last = -1
    }

    /// Virtual time in which a project of weight 1 has one turn. Rounding costs weights below 1,000 less than 4 in a million;
    /// 6 · 10¹⁰ turns of such a project without the queue ever being empty would come to the end of it.
    private static let turn: UInt64 = 1 << 28
    /// Projects that have nothing waiting whose tags are kept.
    private static let rememberedProjects = 4096

    /// May be changed at any time; only who enters later is concerned.
    public var terms: QueueTerms
    public private(set) var count = 0
    /// How long a call takes.
    public private(set) var meanService = MeanTime()

    private var waiting: [Waiting] = []
    private var freeWaiting: [Int] = []
    private var oldest = -1, youngest = -1
    private var sequence: UInt64 = 0
    private var projects: [Project] = []
    private var freeProjects: [Int] = []
    private var numbers: [EntityID: Int] = [:]
    /// Projects that wait, by their tags.
    private var turns = IndexedHeap()
    /// The same, the one with the most for its weight first.
    private var backlogs = IndexedHeap()
    /// Projects that do not wait, but have had turns the others have not had yet; by their tags.
    private var ahead = IndexedHeap()
    private var virtualTime: UInt64 = 0
    /// Of the projects that wait.
    private var weights: UInt64 = 0

    public init(_ terms: QueueTerms) {
        self.terms = terms
    }

    public var isEmpty: Bool { self.count == 0 }

    // MARK: Entering

    /// Puts a request of the project at the end of its line. The newest weight that was said counts.
    public mutating func enter(_ id: EntityID, weight: UInt16, at now: UInt64) -> Entering {
        let weight = UInt64(max(1, weight))
        let number = self.numbers[id]
        let own = number.map { self.projects[$0].count } ?? 0
        let others = self.weights - (own > 0 ? number.map { self.projects[$0].weight } ?? 0 : 0)
        let wait = self.expectedWait(behind: own, weight: weight, of: others + weight)
        guard own < self.share(weight, of: others + weight), wait <= self.terms.patience else {
            return .refused(expectedWait: wait)
        }
        var displaced: QueueTicket?
        if self.count >= Int(self.terms.length) {
            guard let last = self.lastBeyondShare(weights: others + weight) else { return .refused(expectedWait: wait) }
            displaced = self.ticket(last)
            self.take(out: last)
        }
        let project = self.project(id, weight: weight)
        return .accepted(self.append(to: project, at: now), displaced: displaced)
    }

    /// How many a project may have waiting.
    private func share(_ weight: UInt64, of weights: UInt64) -> Int {
        guard self.terms.length > 0 else { return 0 }
        return max(1, Int(clamping: UInt64(self.terms.length) * weight / max(1, weights)))
    }

    /// The last request of the project that is furthest beyond its share; nil where none is.
    private func lastBeyondShare(weights: UInt64) -> Int? {
        guard let number = self.backlogs.first else { return nil }
        let project = self.projects[number]
        return project.count > self.share(project.weight, of: weights) ? project.last : nil
    }

    /// What a request waits that has so many of its project before it: the others have their turns between those.
    private func expectedWait(behind own: Int, weight: UInt64, of weights: UInt64) -> UInt64 {
        let turns = Self.product(UInt64(own) + 1, weights) / weight
        return self.expectedWait(ahead: min(UInt64(self.count), max(1, turns) - 1))
    }

    private func expectedWait(ahead: UInt64) -> UInt64 {
        let calls = Self.product(ahead, UInt64(max(1, self.terms.sharers)))
        let time = Self.product(calls, self.meanService.nanoseconds)
        return time == .max ? time : time / UInt64(max(1, self.terms.places))
    }

    private static func product(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let (product, overflow) = one.multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }

    /// What the last of all that wait has before it, in nanoseconds.
    public var expectedWait: UInt64 { self.expectedWait(ahead: UInt64(self.count)) }

    /// A call has ended that took so many nanoseconds.
    public mutating func callEnded(after time: UInt64) {
        self.meanService.add(time)
    }

    private mutating func append(to number: Int, at now: UInt64) -> QueueTicket {
        self.sequence += 1
        let place: Int
        let entry = Waiting(
            project: number, enteredAt: now, sequence: self.sequence, before: self.projects[number].last,
            older: self.youngest)
        if let free = self.freeWaiting.popLast() {
            place = free
            self.waiting[place] = entry
        } else {
            place = self.waiting.count
            self.waiting.append(entry)
        }
        if entry.before >= 0 { self.waiting[entry.before].behind = place } else { self.projects[number].first = place }
        if entry.older >= 0 { self.waiting[entry.older].younger = place } else { self.oldest = place }
        self.projects[number].last = place
        self.youngest = place
        self.projects[number].count += 1
        self.count += 1
        self.changed(number)
        return QueueTicket(number: place, sequence: self.sequence)
    }

    // MARK: Turns

    /// Whose turn it is. It stays so until it is served or leaves, or somebody comes whose turn is sooner.
    public var next: QueueTicket? { self.turns.first.map { self.ticket(self.projects[$0].first) } }

    /// It has used its turn and leaves. False, and nothing happens, where it is not in the queue any more.
    @discardableResult
    public mutating func serve(_ ticket: QueueTicket) -> Bool {
        guard self.contains(ticket) else { return false }
        let number = self.waiting[ticket.number].project
        let tag = self.projects[number].tag
        self.virtualTime = max(self.virtualTime, tag)
        let (later, overflow) = tag.addingReportingOverflow(Self.turn / self.projects[number].weight)
        self.projects[number].tag = overflow ? .max : later
        self.take(out: ticket.number)
        self.forgetThoseCaughtUpWith()
        return true
    }

    /// It leaves without having had its turn. False, and nothing happens, where it is not in the queue any more.
    @discardableResult
    public mutating func remove(_ ticket: QueueTicket) -> Bool {
        guard self.contains(ticket) else { return false }
        self.take(out: ticket.number)
        return true
    }

    public func contains(_ ticket: QueueTicket) -> Bool {
        ticket.number < self.waiting.count && self.waiting[ticket.number].sequence == ticket.sequence
    }

    /// Nanoseconds since it entered; nil where it is not in the queue any more.
    public func waited(_ ticket: QueueTicket, at now: UInt64) -> UInt64? {
        guard self.contains(ticket) else { return nil }
        let entered = self.waiting[ticket.number].enteredAt
        return now > entered ? now - entered : 0
    }

    // MARK: Patience

    /// When the next one will have waited too long; `.max` where none waits.
    public var deadline: UInt64 {
        guard self.oldest >= 0 else { return .max }
        let (time, overflow) = self.waiting[self.oldest].enteredAt.addingReportingOverflow(self.terms.patience)
        return overflow ? .max : time
    }

    /// Takes one out that has waited too long; nil where none has (any more).
    public mutating func expire(at now: UInt64) -> QueueTicket? {
        guard self.oldest >= 0, self.deadline <= now else { return nil }
        let ticket = self.ticket(self.oldest)
        self.take(out: self.oldest)
        return ticket
    }

    // MARK: Lines

    private func ticket(_ place: Int) -> QueueTicket {
        QueueTicket(number: place, sequence: self.waiting[place].sequence)
    }

    private mutating func take(out place: Int) {
        let entry = self.waiting[place]
        let number = entry.project
        if entry.before >= 0 {
            self.waiting[entry.before].behind = entry.behind
        } else {
            self.projects[number].first = entry.behind
        }
        if entry.behind >= 0 {
            self.waiting[entry.behind].before = entry.before
        } else {
            self.projects[number].last = entry.before
        }
        if entry.older >= 0 { self.waiting[entry.older].younger = entry.younger } else { self.oldest = entry.younger }
        if entry.younger >= 0 { self.waiting[entry.younger].older = entry.older } else { self.youngest = entry.older }
        self.waiting[place].sequence = 0
        self.freeWaiting.append(place)
        self.projects[number].count -= 1
        self.count -= 1
        if self.projects[number].count == 0 { self.weights -= self.projects[number].weight }
        self.changed(number)
        // Who comes next finds everybody with the same rights.
        if self.count == 0 { self.forgetAll() }
    }

    // MARK: Projects

    /// The project's number, with a request of it about to be put in its line.
    private mutating func project(_ id: EntityID, weight: UInt64) -> Int {
        guard let number = self.numbers[id] else {
            let project = Project(id: id, weight: weight, tag: self.virtualTime)
            self.weights += weight
            let number: Int
            if let free = self.freeProjects.popLast() {
                number = free
                self.projects[number] = project
            } else {
                number = self.projects.count
                self.projects.append(project)
            }
            self.numbers[id] = number
            return number
        }
        if self.projects[number].count == 0 {
            self.projects[number].tag = max(self.projects[number].tag, self.virtualTime)
            self.weights += weight
        } else {
            self.weights = self.weights - self.projects[number].weight + weight
        }
        self.projects[number].weight = weight
        return number
    }

    /// The project's line is another one: puts it where it belongs now.
    private mutating func changed(_ number: Int) {
        let project = self.projects[number]
        guard project.count > 0 else {
            self.turns.remove(number)
            self.backlogs.remove(number)
            self.ahead.set(number, to: IndexedHeap.Key(first: project.tag))
            if project.tag <= self.virtualTime { self.forget(number) }
            while self.ahead.count > Self.rememberedProjects, let first = self.ahead.first { self.forget(first) }
            return
        }
        self.ahead.remove(number)
        self.turns.set(
            number, to: IndexedHeap.Key(first: project.tag, second: self.waiting[project.first].sequence))
        // One that has a single request waiting keeps it, however small its share.
        let backlog = project.count > 1 ? (UInt64(project.count) << 32) / project.weight : 0
        self.backlogs.set(number, to: IndexedHeap.Key(first: .max - backlog))
    }

    private mutating func forgetThoseCaughtUpWith() {
        while let number = self.ahead.first, self.projects[number].tag <= self.virtualTime { self.forget(number) }
    }

    private mutating func forget(_ number: Int) {
        self.ahead.remove(number)
        self.numbers[self.projects[number].id] = nil
        self.freeProjects.append(number)
    }

    private mutating func forgetAll() {
        while let number = self.ahead.first { self.forget(number) }
        self.virtualTime = 0
    }
}
