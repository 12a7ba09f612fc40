import Domain
import Glibc
import Limits
import Platform

/// Starts workers, kills or stops them at random, recovers and replaces the dead ones, and compares the table with their books.
final class HotLoop {
    private struct Worker {
        var process: pid_t
        var instance: UInt32
        var book: Book
    }

    private let folder: String
    private let isKilling: Bool
    private let count: Int
    private var random: Random
    private let table: LimitTable
    private let reader: LimitReader
    private let recovery: LimitRecovery
    private var workers: [Worker] = []
    private var instance: UInt32 = 0

    // What the books say, of each target.
    private var used = [LimitUse](repeating: LimitUse(), count: Targets.entries.count)
    private var admitted = [Int64](repeating: 0, count: Targets.entries.count)
    /// Requests that were in the middle of their admission at a death: they may count in a window or not.
    private var begun = [Int64](repeating: 0, count: Targets.entries.count)
    private var requests: UInt64 = 0
    private var deaths = 0
    private var recovered = 0
    private var stops = 0
    private var wrong = 0

    init(folder: String, isKilling: Bool, workers: Int, seed: UInt64) throws {
        self.folder = folder
        self.isKilling = isKilling
        self.count = max(2, workers)
        self.random = Random(seed: seed)
        // As many slots as give enough cells: each death takes some with it.
        self.table = try LimitTable.create(
            "\(folder)/limits.table",
            shape: LimitTableShape(slots: 1 << 20, places: self.count + 1, holdsPerPlace: 16), boot: Scene.boot)
        try self.table.publish()
        self.reader = LimitReader(self.table)
        self.recovery = LimitRecovery(self.table)
    }

    /// Whether all was as it has to be.
    func run(seconds: UInt64) throws -> Bool {
        for _ in 0..<self.count { self.start() }
        let end = Self.milliseconds() + seconds * 1_000
        while Self.milliseconds() < end, self.wrong == 0 {
            usleep(UInt32(self.random.next(4_000)))
            self.look()
            self.renew()
            if self.isKilling { try self.kill() } else { self.stop() }
        }
        try self.finish()
        say(
            "\(self.requests) requests, \(self.admitted.reduce(0, +)) admitted, \(self.deaths) deaths with "
                + "\(self.recovered) requests open, \(self.stops) stops, \(self.wrong) wrong")
        return self.wrong == 0
    }

    private static func milliseconds() -> UInt64 { Clocks.monotonicNanoseconds() / 1_000_000 }

    private func fail(_ text: String) {
        self.wrong += 1
        if self.wrong <= 20 { say("WRONG \(text)") }
    }

    // MARK: Workers

    private func start() {
        self.instance += 1
        guard let book = Book(folder: self.folder, instance: self.instance),
            let process = Self.spawn(["limit-driver", "work", self.folder, "\(self.instance)"])
        else { return self.fail("cannot start a worker") }
        self.workers.append(Worker(process: process, instance: self.instance, book: book))
    }

    private static func spawn(_ arguments: [String]) -> pid_t? {
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe []
        for argument in arguments { unsafe pointers.append(strdup(argument)) }
        unsafe pointers.append(nil)
        var child: pid_t = 0
        let code = unsafe posix_spawn(&child, "/proc/self/exe", nil, nil, &pointers, environ)
        for index in unsafe pointers.indices { unsafe free(pointers[index]) }
        return code == 0 ? child : nil
    }

    /// Replaces those whose books are full: they have ended.
    private func renew() {
        for index in self.workers.indices.reversed() where self.workers[index].book.isFull {
            let worker = self.workers.remove(at: index)
            self.waitForEnd(worker)
            self.start()
        }
    }

    /// One that is at work.
    private func victim() -> Int? {
        let ready = self.workers.indices.filter { self.workers[$0].book.count > 0 }
        return ready.isEmpty ? nil : ready[Int(self.random.next(UInt64(ready.count)))]
    }

    private func kill() throws {
        guard let victim = self.victim() else { return }
        let worker = self.workers.remove(at: victim)
        var status: Int32 = 0
        Glibc.kill(worker.process, SIGKILL)
        unsafe waitpid(worker.process, &status, 0)
        self.deaths += 1
        // Sometimes the others run into what the dead one holds for a while.
        if self.random.next(4) == 0 { usleep(UInt32(self.random.next(1_000))) }
        try self.recover(worker)
        self.start()
    }

    /// Half of the workers stand still wherever they are; each of the others has to go on.
    private func stop() {
        guard self.workers.allSatisfy({ $0.book.count > 0 }) else { return }
        let first = Int(self.random.next(UInt64(self.workers.count)))
        let stopped = (0..<self.workers.count / 2).map { self.workers[(first + $0) % self.workers.count] }
        for worker in stopped { Glibc.kill(worker.process, SIGSTOP) }
        for worker in self.workers where !stopped.contains(where: { $0.instance == worker.instance }) {
            let before = worker.book.count
            let patience = Self.milliseconds() + 5_000
            while worker.book.count == before, !worker.book.isFull {
                guard Self.milliseconds() < patience else {
                    self.fail("instance \(worker.instance) is stuck behind \(stopped.map(\.instance))")
                    break
                }
                usleep(200)
            }
        }
        self.look()
        for worker in stopped { Glibc.kill(worker.process, SIGCONT) }
        self.stops += 1
    }

    // MARK: Books

    /// Tells the recovery how the requests of a dead worker ended, and counts them.
    private func recover(_ worker: Worker) throws {
        var outcomes: [RecordID: LimitUse] = [:]
        var called: Set<UInt64> = []
        let holds = self.recovery.openHolds(of: worker.instance)
        if holds.count > 4 { self.fail("instance \(worker.instance) has \(holds.count) requests open") }
        for hold in holds {
            self.recovered += 1
            let (stage, target) = worker.book.read(hold.record.low)
            switch stage {
            case .settled: outcomes[hold.record] = Targets.use(hold.record.low)
            case .called:
                // Nobody knows what it used: what it held.
                outcomes[hold.record] = hold.held
                self.add(hold.held, target)
                called.insert(hold.record.low)
            case .admitted: break
            case .unknown:
                for target in self.begun.indices { self.begun[target] += 1 }
            }
        }
        for number in self.close(worker) where !called.contains(number) {
            self.fail("instance \(worker.instance): request \(number) was called and holds nothing")
        }
        // An entry that is not open any more may have been closed by an undo or a settle; only one can be on its way.
        if !(try self.recovery.recover(worker.instance, outcomes: outcomes, at: Targets.time)) {
            self.fail("instance \(worker.instance) has no place")
        }
    }

    /// Counts what a worker that has ended has done; the requests whose end it does not say.
    private func close(_ worker: Worker) -> [UInt64] {
        var unknown: [UInt64] = []
        let last = worker.book.count
        self.requests += last
        for number in 1...max(1, last) {
            let (stage, target) = worker.book.read(number)
            if stage != .unknown { self.admitted[target] += 1 }
            if stage == .settled { self.add(Targets.use(number), target) }
            if stage == .called { unknown.append(number) }
        }
        Book.remove(folder: self.folder, instance: worker.instance)
        return unknown
    }

    private func add(_ use: LimitUse, _ target: Int) {
        self.used[target].tokens += use.tokens
        self.used[target].cost += use.cost
    }

    // MARK: The table

    private func line(_ entry: LimitDemand.Entry, _ kind: LimitKind) -> (used: Int64, held: Int64) {
        let report = self.reader.report(
            entry.key, entry.scope, limits: entry.limits, periods: entry.periods, window: Targets.time.window)
        guard let line = report?.lines[Int(kind.rawValue)] else { return (0, 0) }
        return (line.used, line.held)
    }

    /// No limit is passed at any time.
    private func look() {
        let requests = self.line(Targets.entries[0], .requestsPerMinute).used
        if requests > Targets.requests { self.fail("\(requests) requests in a minute") }
        for (entry, most) in [(Targets.entries[1], Targets.concurrency), (Targets.all, Targets.inFlight)] {
            let held = self.line(entry, .concurrency).held
            if held > most { self.fail("\(held) requests at the same time, of \(most)") }
        }
        let tokens = self.line(Targets.entries[2], .totalTokens)
        if tokens.used + tokens.held > Targets.tokens { self.fail("\(tokens) tokens") }
    }

    private func finish() throws {
        let flag = unsafe open("\(self.folder)/stop", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        Glibc.close(flag)
        for worker in self.workers { self.waitForEnd(worker) }
        self.look()
        self.compare()
    }

    /// Waits until a worker has settled what it has open and has ended, and counts what it has done.
    private func waitForEnd(_ worker: Worker) {
        let patience = Self.milliseconds() + 10_000
        var status: Int32 = 0
        while unsafe waitpid(worker.process, &status, WNOHANG) == 0 {
            guard Self.milliseconds() < patience else {
                self.fail("instance \(worker.instance) does not end")
                Glibc.kill(worker.process, SIGKILL)
                unsafe waitpid(worker.process, &status, 0)
                break
            }
            usleep(1_000)
        }
        if status != 0 { self.fail("instance \(worker.instance) ended with \(status)") }
        for number in self.close(worker) { self.fail("instance \(worker.instance): \(number) was not settled") }
    }

    private func compare() {
        for owner in self.recovery.owners() { self.fail("instance \(owner.instance) has a place still") }
        var all = LimitUse()
        for (target, entry) in Targets.entries.enumerated() {
            all.tokens += self.used[target].tokens
            all.cost += self.used[target].cost
            self.compare(entry, self.used[target], "target \(target)")
            let counted = self.line(entry, .requestsPerMinute).used
            let least = self.admitted[target]
            if counted < least || counted > least + self.begun[target] {
                self.fail("target \(target): \(counted) requests counted, \(least) admitted")
            }
        }
        self.compare(Targets.all, all, "all")
        if self.admitted[0] > Targets.requests { self.fail("\(self.admitted[0]) requests in a minute") }
        // Enough has been done to come to the limits.
        if self.line(Targets.entries[0], .requestsPerMinute).used != Targets.requests { self.fail("too little load") }
        if self.isKilling && self.recovered == 0 { self.fail("no death hit an open request") }
    }

    private func compare(_ entry: LimitDemand.Entry, _ use: LimitUse, _ name: String) {
        let tokens = self.line(entry, .totalTokens)
        let cost = self.line(entry, .totalCost)
        if (tokens.used, cost.used) != (use.tokens, use.cost) {
            self.fail("\(name): used \(tokens.used) and \(cost.used), by the books \(use.tokens) and \(use.cost)")
        }
        let requests = self.line(entry, .concurrency).held
        if (requests, tokens.held, cost.held) != (0, 0, 0) {
            self.fail("\(name): held \(requests), \(tokens.held), \(cost.held)")
        }
    }
}
