import Domain
import IPC
import Platform
import Metrics
import Testing

@testable import UpstreamWorker

/// Requests that wait for a provider, with real time.
@Suite(.serialized)
struct ProviderGateTests {
    /// Takes a place when it can; what is left of `others` stands for what all upstreams share.
    private final class Places {
        var free: Int
        init(_ free: Int) { self.free = free }
    }

    private final class Waiter: GateWaiter {
        let name: Int
        let gate: ProviderGate
        let places: Places
        var turns = 0
        var hasPlace = false
        var refusedAfter: UInt64?
        var isIndifferent = false
        var order: (Int) -> Void = { _ in }

        init(_ name: Int, _ gate: ProviderGate, _ places: Places) {
            self.name = name
            self.gate = gate
            self.places = places
        }

        func turnCame() -> GateTurn {
            self.turns += 1
            guard !self.isIndifferent else { return .gone }
            guard self.places.free > 0, self.gate.take() else { return .kept }
            self.places.free -= 1
            self.hasPlace = true
            self.order(self.name)
            return .used
        }

        func waitedInVain(retryAfter: UInt64) { self.refusedAfter = retryAfter }

        func end(after time: UInt64 = 1_000_000) {
            self.hasPlace = false
            self.places.free += 1
            self.gate.giveBack(after: time)
        }
    }

    private let loop: EpollLoop
    private let counter = AttemptCounter()

    init() throws {
        self.loop = try EpollLoop()
    }

    private func gate(
        concurrency: UInt32? = nil, connections: UInt32 = 1, length: UInt32 = 100, wait: UInt64 = 5_000,
        upstreams: UInt16 = 1
    ) -> ProviderGate {
        ProviderGate(
            ProviderSettings(
                name: "test", kind: .simulated(delay: 0, tokensPerSecond: 0), maxConnections: connections,
                concurrency: concurrency, queue: QueueSettings(length: length, wait: wait)),
            counter: self.counter, upstreams: upstreams)
    }

    private func enter(_ waiter: Waiter, project: UInt64 = 1, weight: UInt16 = 1) -> ProviderGate.Entering {
        waiter.gate.enter(waiter, project: EntityID(high: 9, low: project), weight: weight, on: self.loop)
    }

    /// Runs the loop until `condition`, for 5 s at most.
    private func run(until condition: () -> Bool) throws -> Bool {
        try self.loop.turn(until: condition, within: 5, pause: 10_000_000)
    }

    private func run(for nanoseconds: UInt64) throws {
        let end = Clocks.monotonicNanoseconds() + nanoseconds
        while Clocks.monotonicNanoseconds() < end { try self.loop.turn(waitingAtMost: 5_000_000) }
    }

    @Test func thoseThatWaitAreTriedOneForEachCallThatEnds() throws {
        let gate = self.gate()
        let places = Places(10)
        var order: [Int] = []
        let waiters = (0..<4).map { Waiter($0, gate, places) }
        for waiter in waiters { waiter.order = { order.append($0) } }
        #expect(gate.take())
        for waiter in waiters {
            guard case .waits = self.enter(waiter) else {
                Issue.record("refused")
                return
            }
        }
        #expect(gate.waiting == 4)
        try self.loop.turn(waitingAtMost: 0)
        #expect(order.isEmpty)
        gate.giveBack(after: 1000)
        // Nobody overtakes them.
        #expect(!gate.isFree)
        #expect(!gate.take())
        #expect(try self.run { order == [0] })
        #expect(gate.inUse == 1)
        for next in 1..<4 {
            waiters[next - 1].end()
            #expect(try self.run { order.count == next + 1 })
        }
        #expect(order == [0, 1, 2, 3])
        waiters[3].end()
        try self.loop.turn(waitingAtMost: 0)
        #expect(gate.isFree)
        #expect(gate.inUse == 0)
        #expect(waiters.map(\.turns) == [1, 1, 1, 1])
        #expect(self.counter.queue.waiting == 0)
        if case .histogram(bounds: _, counts: let counts, sum: _)? = self.counter.page.value(
            of: MetricCatalogue.queueTime)
        {
            #expect(counts.reduce(0, +) == 4)
        }
    }

    @Test func aPlaceThatAnotherWorkerFreesIsFoundSoon() throws {
        let gate = self.gate(concurrency: 2, connections: 100)
        let places = Places(0)
        let waiters = (0..<3).map { Waiter($0, gate, places) }
        for waiter in waiters { _ = self.enter(waiter) }
        #expect(try self.run { waiters[0].turns > 2 })
        // It is refused again and again, and stays at the front.
        #expect(waiters[1].turns == 0)
        #expect(gate.waiting == 3)
        places.free = 2
        let before = Clocks.monotonicNanoseconds()
        #expect(try self.run { waiters[0].hasPlace && waiters[1].hasPlace })
        #expect(Clocks.monotonicNanoseconds() - before < 1_000_000_000)
        // Now it has all of them, and will hear of each that is freed.
        let turns = waiters[2].turns
        try self.run(for: 30_000_000)
        #expect(waiters[2].turns == turns)
        waiters[0].end()
        #expect(try self.run { waiters[2].hasPlace })
    }

    private final class Neighbours: PlaceNeighbours {
        var isOneShort = false
        private(set) var said = 0

        func sayShort() { self.said += 1 }
    }

    @Test func whatIsFreedIsLeftToAWorkerThatHasFewerPlaces() throws {
        // Of four places each of the two workers has two.
        let gate = self.gate(concurrency: 4, connections: 100, upstreams: 2)
        let neighbours = Neighbours()
        gate.neighbours = neighbours
        let places = Places(4)
        let waiters = (0..<8).map { Waiter($0, gate, places) }
        for waiter in waiters { _ = self.enter(waiter) }
        #expect(try self.run { waiters[3].hasPlace })
        // Nobody wants the others' part: it keeps what it has.
        waiters[0].end()
        #expect(try self.run { waiters[4].hasPlace })
        neighbours.isOneShort = true
        waiters[1].end()
        waiters[2].end()
        #expect(try self.run { waiters[5].turns == 0 && places.free == 2 })
        try self.run(for: 30_000_000)
        #expect(gate.inUse == 2 && places.free == 2)
        // Its own part it keeps.
        waiters[3].end()
        #expect(try self.run { waiters[5].hasPlace })
        #expect(gate.inUse == 2 && places.free == 2)
        // Nobody took them.
        neighbours.isOneShort = false
        #expect(try self.run { gate.inUse == 4 })
        #expect(neighbours.said == 0)
    }

    @Test func aWorkerWithoutAnybodyWaitingLeavesPlacesToo() throws {
        let gate = self.gate(concurrency: 4, connections: 100, upstreams: 2)
        let neighbours = Neighbours()
        gate.neighbours = neighbours
        for _ in 0..<3 { #expect(gate.take()) }
        neighbours.isOneShort = true
        gate.giveBack(after: 1000)
        #expect(!gate.isFree && !gate.take(), "it has its part")
        // Who comes now waits until the others have theirs.
        let waiter = Waiter(0, gate, Places(1))
        _ = self.enter(waiter)
        try self.run(for: 20_000_000)
        #expect(waiter.turns == 0)
        neighbours.isOneShort = false
        #expect(try self.run { waiter.hasPlace })
        for _ in 0..<3 { gate.giveBack(after: 1000) }
        neighbours.isOneShort = true
        #expect(gate.take() && gate.take() && !gate.take(), "its part it may have")
    }

    @Test func thePlaceThatAllHaveGoesToWhoLooksFirst() throws {
        let gate = self.gate(concurrency: 1, connections: 100, upstreams: 2)
        let neighbours = Neighbours()
        gate.neighbours = neighbours
        let places = Places(1)
        #expect(gate.take())
        places.free = 0
        let waiters = (0..<2).map { Waiter($0, gate, places) }
        for waiter in waiters { _ = self.enter(waiter) }
        neighbours.isOneShort = true
        // Its own call ends: it has no right to the place before the others.
        gate.giveBack(after: 1000)
        places.free = 1
        try self.loop.turn(waitingAtMost: 0)
        #expect(waiters[0].turns == 0 && gate.inUse == 0)
        // It looks like everybody else.
        #expect(try self.run { waiters[0].hasPlace })
        waiters[0].end()
        #expect(!gate.isFree)
        // Another took it.
        places.free = 0
        #expect(try self.run { neighbours.said > 0 })
        // Nobody else wants it any more.
        neighbours.isOneShort = false
        places.free = 1
        #expect(try self.run { waiters[1].hasPlace })
    }

    @Test func aWorkerWithFewerPlacesThanItsPartSaysSo() throws {
        let gate = self.gate(concurrency: 4, connections: 100, upstreams: 2)
        let neighbours = Neighbours()
        gate.neighbours = neighbours
        let places = Places(1)
        let waiters = (0..<4).map { Waiter($0, gate, places) }
        for waiter in waiters { _ = self.enter(waiter) }
        #expect(try self.run { neighbours.said > 2 })
        #expect(gate.inUse == 1)
        // What it says itself does not keep it from its part, and with that it is content.
        neighbours.isOneShort = true
        places.free = 1
        #expect(try self.run { gate.inUse == 2 })
        neighbours.isOneShort = false
        #expect(try self.run { waiters[2].turns > 2 })
        let said = neighbours.said
        let turns = waiters[2].turns
        #expect(try self.run { waiters[2].turns > turns + 2 })
        #expect(neighbours.said == said)
    }

    @Test func whoHasWaitedTooLongHearsOfIt() throws {
        let gate = self.gate(wait: 20)
        let places = Places(0)
        #expect(gate.take())
        let waiter = Waiter(1, gate, places)
        _ = self.enter(waiter)
        let wasRefused = try self.run { waiter.refusedAfter != nil }
        #expect(wasRefused)
        #expect(waiter.refusedAfter == ProviderGate.shortestRetry)
        #expect(waiter.turns == 0)
        #expect(gate.waiting == 0)
        #expect(self.counter.page.value(of: MetricCatalogue.queueRefused) == .counter(1))
        gate.giveBack(after: 5)
        #expect(gate.isFree)
    }

    @Test func whoLeavesIsAskedNothingMore() throws {
        let gate = self.gate()
        let places = Places(1)
        #expect(gate.take())
        let waiters = (0..<3).map { Waiter($0, gate, places) }
        var tickets: [ProviderGate.Entering] = []
        for waiter in waiters { tickets.append(self.enter(waiter)) }
        if case .waits(let ticket) = tickets[0] {
            gate.leave(ticket)
            gate.leave(ticket)
        }
        waiters[1].isIndifferent = true
        gate.giveBack(after: 5)
        #expect(try self.run { waiters[2].hasPlace })
        #expect(waiters.map(\.turns) == [0, 1, 1])
        #expect(gate.waiting == 0)
        #expect(self.counter.queue.waiting == 0)
    }

    @Test func itsPartOfWhatIsAllowedIsRoundedUp() {
        #expect(self.gate(connections: 10, upstreams: 4).share == 3)
        #expect(self.gate(connections: 1, upstreams: 4).share == 1)
        #expect(self.gate(connections: 0, upstreams: 0).share == 1)
        #expect(self.gate(connections: .max, upstreams: 1).share == Int(UInt32.max))
        let gate = self.gate(connections: 10, length: 7, upstreams: 4)
        gate.update(upstreams: 2)
        #expect(gate.share == 5)
        // 7 in all are 3 for each of the two.
        for _ in 0..<5 { #expect(gate.take()) }
        let waiters = (0..<4).map { Waiter($0, gate, Places(0)) }
        let entered = waiters.map { self.enter($0) }
        #expect(entered.last == .refused(retryAfter: ProviderGate.shortestRetry))
        #expect(gate.waiting == 3)
    }

    @Test func whoIsDisplacedHearsOfItOnce() throws {
        let gate = self.gate(length: 2)
        let places = Places(1)
        #expect(gate.take())
        let waiters = (0..<3).map { Waiter($0, gate, places) }
        for (waiter, project) in zip(waiters, [UInt64(1), 1, 2]) {
            let entering = self.enter(waiter, project: project)
            if case .refused = entering { Issue.record("refused") }
        }
        #expect(waiters.map { $0.refusedAfter != nil } == [false, true, false])
        gate.giveBack(after: 5)
        #expect(try self.run { waiters[0].hasPlace })
        waiters[0].end()
        #expect(try self.run { waiters[2].hasPlace })
        #expect(waiters[1].turns == 0)
        #expect(self.counter.page.value(of: MetricCatalogue.queueRefused) == .counter(1))
    }

    @Test func nothingWaitsWhereTheQueueHasNoLength() {
        let gate = self.gate(length: 0)
        let waiter = Waiter(0, gate, Places(0))
        #expect(self.enter(waiter) == .refused(retryAfter: ProviderGate.shortestRetry))
        #expect(gate.waiting == 0)
    }

    /// Two projects offer more than the provider takes: what they get is as their weights are.
    @Test func sharesFollowTheWeights() throws {
        let gate = self.gate(connections: 4, length: 40)
        let places = Places(4)
        var running: [Waiter] = []
        var served: [UInt64: Int] = [:]
        var refused: [UInt64: Int] = [:]
        func offer(_ project: UInt64, _ weight: UInt16) {
            let waiter = Waiter(0, gate, places)
            waiter.order = { _ in
                running.append(waiter)
                served[project, default: 0] += 1
            }
            if gate.isFree { if waiter.turnCame() == .used { return } }
            if case .refused = self.enter(waiter, project: project, weight: weight) {
                refused[project, default: 0] += 1
            }
        }
        for _ in 0..<200 {
            for _ in 0..<10 {
                offer(1, 3)
                offer(2, 1)
            }
            if !running.isEmpty { running.removeFirst().end(after: 1000) }
            if !running.isEmpty { running.removeFirst().end(after: 1000) }
            try self.loop.turn(waitingAtMost: 0)
        }
        let shares = Double(served[1] ?? 0) / Double(max(1, served[2] ?? 0))
        #expect((2.7...3.3).contains(shares), "\(served)")
        #expect(running.count <= 4)
        #expect((refused[1] ?? 0) > 1000)
    }
}
