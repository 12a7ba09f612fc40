import Glibc
import Platform
import Testing

/// Calls a closure for each readiness report.
final class ClosureHandler: DescriptorHandler {
    private let body: (Int32, Readiness) -> Void

    init(_ body: @escaping (Int32, Readiness) -> Void) { self.body = body }

    func ready(_ fd: Int32, _ readiness: Readiness) { self.body(fd, readiness) }
}

@Suite struct EpollLoopTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func readinessReachesItsHandler() throws {
        let loop = try EpollLoop()
        let pair = try SocketPair(.stream)
        var seen: [Readiness] = []
        try loop.watch(pair.first.number, for: .readable, handler: ClosureHandler { seen.append($1) })
        try loop.turn(waitingAtMost: 0)
        #expect(seen.isEmpty)
        #expect(ImmediateOutput.write([1], to: pair.second.number))
        try loop.turn(waitingAtMost: Self.second)
        #expect(seen == [.readable])
        // Level-triggered: what is left is reported again.
        try loop.turn(waitingAtMost: Self.second)
        #expect(seen.count == 2)
        loop.forget(pair.first.number)
        try loop.turn(waitingAtMost: 0)
        #expect(seen.count == 2)
    }

    @Test func interestCanChange() throws {
        let loop = try EpollLoop()
        let pair = try SocketPair(.stream)
        var seen: [Readiness] = []
        try loop.watch(pair.first.number, for: .readable, handler: ClosureHandler { seen.append($1) })
        try loop.change(pair.first.number, to: [.readable, .writable])
        try loop.turn(waitingAtMost: Self.second)
        #expect(seen == [.writable])
        try loop.change(pair.first.number, to: .readable)
        try loop.turn(waitingAtMost: 0)
        #expect(seen.count == 1)
    }

    /// A library may close a descriptor without a word; whoever gets the number next must be heard.
    @Test func aNumberClosedWithoutAWordCanBeWatchedAgain() throws {
        let loop = try EpollLoop()
        let (number, other) = try Self.rawPair()
        try loop.watch(number, for: .readable, handler: ClosureHandler { _, _ in Issue.record("the first is closed") })
        let (second, writing) = try Self.rawPair()
        // Closes the first and gives its number to the second, in one step: tests beside this one open descriptors, too.
        try #require(dup2(second, number) == number)
        close(second)
        close(other)
        defer {
            close(number)
            close(writing)
        }
        var seen = 0
        try loop.watch(number, for: .readable, handler: ClosureHandler { _, _ in seen += 1 })
        #expect(ImmediateOutput.write([1], to: writing))
        try loop.turn(waitingAtMost: Self.second)
        #expect(seen == 1)
    }

    /// A report already fetched for a descriptor that an earlier handler of the same turn has closed must not reach whoever
    /// got the number since.
    @Test func staleReportsAreDropped() throws {
        let loop = try EpollLoop()
        let pairs = [try Self.rawPair(), try Self.rawPair()]
        for pair in pairs { #expect(ImmediateOutput.write([1], to: pair.1)) }
        var order: [Int32] = []
        var newcomerWasCalled = false
        let newcomer = ClosureHandler { _, _ in newcomerWasCalled = true }
        for pair in pairs {
            try loop.watch(
                pair.0, for: .readable,
                handler: ClosureHandler { fd, _ in
                    order.append(fd)
                    guard order.count == 1 else { return }
                    let other = fd == pairs[0].0 ? pairs[1].0 : pairs[0].0
                    loop.forget(other)
                    // Closed, and the number taken again by a descriptor that is not readable, in one step.
                    #expect(dup2(fd, other) == other)
                    loop.forget(fd)
                    try? loop.watch(other, for: [], handler: newcomer)
                })
        }
        try loop.turn(waitingAtMost: Self.second)
        #expect(order.count == 1)
        #expect(!newcomerWasCalled)
        for pair in pairs {
            close(pair.0)
            close(pair.1)
        }
    }

    @Test func timersFireInOrderAndCanMove() throws {
        let loop = try EpollLoop()
        var fired: [String] = []
        loop.schedule(after: 2_000_000) { fired.append("b") }
        loop.schedule(after: 1_000_000) { fired.append("a") }
        let cancelled = loop.schedule(after: 1_000_000) { fired.append("never") }
        let moved = loop.schedule(after: 60 * Self.second) { fired.append("c") }
        loop.cancel(cancelled)
        loop.reschedule(moved, after: 3_000_000)
        #expect(!cancelled.isPending && moved.isPending)
        while fired.count < 3 { try loop.turn(waitingAtMost: Self.second) }
        #expect(fired == ["a", "b", "c"])
        #expect(!moved.isPending)
    }

    @Test func manyTimersFireSoonestFirst() throws {
        let loop = try EpollLoop()
        var fired: [UInt64] = []
        // Deadlines in a scrambled order.
        let timers = (0..<500).map { index in
            var timer: LoopTimer?
            timer = loop.schedule(after: UInt64(index * 167 % 500) * 10_000) {
                if let timer { fired.append(timer.deadline) }
            }
            return timer
        }
        var expected: [UInt64] = []
        for (index, timer) in timers.enumerated() {
            guard let timer else { continue }
            if index % 3 == 0 { loop.cancel(timer) } else { expected.append(timer.deadline) }
        }
        while fired.count < expected.count { try loop.turn(waitingAtMost: Self.second) }
        #expect(fired == expected.sorted())
    }

    @Test func aTimerMayScheduleAnother() throws {
        let loop = try EpollLoop()
        var count = 0
        func again() {
            count += 1
            if count < 5 { loop.schedule(after: 0, again) } else { loop.stop() }
        }
        loop.schedule(after: 0, again)
        try loop.run()
        #expect(count == 5)
    }

    @Test func turnEndsComeAfterEverythingElse() throws {
        final class Writer: TurnEndHandler {
            var calls = 0
            func turnEnded() { self.calls += 1 }
        }
        let loop = try EpollLoop()
        let writer = Writer()
        var callsAtTimer = -1
        loop.schedule(after: 0) {
            loop.atTurnEnd(writer)
            callsAtTimer = writer.calls
        }
        try loop.turn(waitingAtMost: Self.second)
        #expect(callsAtTimer == 0)
        #expect(writer.calls == 1)
        try loop.turn(waitingAtMost: 0)
        #expect(writer.calls == 1)
    }

    private static func rawPair() throws -> (Int32, Int32) {
        let pair = try SocketPair(.stream)
        return (pair.first.release(), pair.second.release())
    }
}
