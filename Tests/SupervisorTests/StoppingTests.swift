import Domain
import IPC
import Platform
import Testing

@testable import Supervisor

@Suite struct StoppingTests {
    private static let everybody = [Seat.control, .aggregator, ModelTree.upstream] + ModelTree.edges

    private static func drains(_ actions: [SupervisorAction]) throws -> [Seat: UInt64] {
        var drains: [Seat: UInt64] = [:]
        for case .send(let seat, let frame) in actions {
            let packet = try Packet(frame, accepting: .child)
            if packet.type == .drain { drains[seat] = try packet.message(Drain.self).timeout }
        }
        return drains
    }

    private static func killed(_ actions: [SupervisorAction]) -> Set<Seat> {
        Set(actions.compactMap { if case .signal(let seat, 9) = $0 { seat } else { nil } })
    }

    @Test func edgesFirstThenUpstreamsAndControlThenTheAggregator() throws {
        var tree = ModelTree.up()
        tree.stop(.drain)
        #expect(tree.done.contains(.treeIsStopping) && tree.done.contains(.closeListeners))
        #expect(try Self.drains(tree.take()) == [ModelTree.edges[0]: 60_000, ModelTree.edges[1]: 60_000])
        tree.exit(ModelTree.edges[0])
        #expect(try Self.drains(tree.take()) == [:])
        tree.exit(ModelTree.edges[1])
        #expect(try Self.drains(tree.take()) == [ModelTree.upstream: 5000, .control: 5000])
        tree.exit(.control)
        tree.exit(ModelTree.upstream)
        #expect(try Self.drains(tree.take()) == [.aggregator: 10_000])
        tree.exit(.aggregator)
        #expect(tree.done.last == .exit(0))
        #expect(tree.machine.stopping?.deadline == .max)
    }

    @Test func whoDiesWhileStoppingStaysDead() {
        var tree = ModelTree.up()
        tree.exit(ModelTree.upstream, .signal(9))
        tree.stop(.drain)
        tree.exit(.control, .signal(11))
        _ = tree.take()
        tree.wait(5000, answering: Self.everybody)
        #expect(!tree.take().contains { if case .spawn = $0 { true } else { false } })
        tree.exit(ModelTree.edges[0])
        tree.exit(ModelTree.edges[1])
        // Nobody is left in the middle: the aggregator is next at once.
        tree.exit(.aggregator)
        #expect(tree.take().last == .exit(0))
    }

    @Test func edgesThatDoNotEndAreKilledFiveSecondsAfterTheTimeout() {
        var tree = ModelTree.up()
        tree.stop(.drain)
        _ = tree.take()
        tree.wait(64_999, answering: Self.everybody)
        #expect(Self.killed(tree.take()).isEmpty)
        tree.wait(1, answering: Self.everybody)
        #expect(Self.killed(tree.take()) == Set(ModelTree.edges))
        tree.exit(ModelTree.edges[0], .signal(9))
        tree.exit(ModelTree.edges[1], .signal(9))
        tree.wait(10_000, answering: Self.everybody)
        #expect(Self.killed(tree.take()) == [ModelTree.upstream, .control])
        tree.exit(ModelTree.upstream, .signal(9))
        tree.exit(.control, .signal(9))
        tree.wait(11_000, answering: Self.everybody)
        #expect(Self.killed(tree.take()) == [.aggregator])
        tree.exit(.aggregator, .signal(9))
        #expect(tree.take().last == .exit(0))
    }

    @Test func aHangingEdgeIsNotWaitedForThroughTheWholeTimeout() {
        var tree = ModelTree.up()
        tree.stop(.drain)
        tree.wait(13_000, answering: [ModelTree.edges[1], .control, .aggregator, ModelTree.upstream])
        #expect(tree.done.contains(.signal(ModelTree.edges[0], 6)))
        #expect(Self.killed(tree.take()) == [ModelTree.edges[0]])
    }

    @Test func theSecondSignalEndsTheWaiting() throws {
        var tree = ModelTree.up()
        tree.stop(.drain)
        tree.wait(10_000, answering: Self.everybody)
        _ = tree.take()
        tree.stop(.drain)
        #expect(try Self.drains(tree.take()) == [ModelTree.edges[0]: 0, ModelTree.edges[1]: 0])
        // A third changes nothing.
        tree.stop(.fast)
        #expect(tree.take() == [])
        tree.wait(5000, answering: Self.everybody)
        #expect(Self.killed(tree.take()) == Set(ModelTree.edges))
    }

    @Test func interruptTakesTenSecondsAtMostWhateverTheChildrenDo() {
        var tree = ModelTree.up()
        tree.stop(.fast)
        tree.wait(10_000, answering: Self.everybody)
        #expect(Self.killed(tree.take()) == Set(Self.everybody))
        // Not even KILL helps: the supervisor ends all the same.
        tree.wait(10_000)
        #expect(tree.take().last == .exit(0))
    }

    @Test func interruptIsQuickWhenTheChildrenAre() throws {
        var tree = ModelTree.up()
        tree.stop(.fast)
        #expect(try Self.drains(tree.take()) == [ModelTree.edges[0]: 0, ModelTree.edges[1]: 0])
        for seat in ModelTree.edges + [ModelTree.upstream, .control, .aggregator] { tree.exit(seat) }
        #expect(tree.take().last == .exit(0))
    }

    @Test func itCanStopBeforeAnythingIsThere() throws {
        var tree = ModelTree()
        tree.answersHello = false
        tree.perform(tree.machine.start(at: tree.now))
        _ = tree.take()
        tree.stop(.drain)
        #expect(try Self.drains(tree.take()) == [.control: 5000])
        // What control says late opens no listener any more.
        tree.greet(.control)
        tree.say(.control, ModelTree.announcement.frame(), descriptors: [50, 51, 52, 53, 54])
        #expect(tree.take() == [.close([50, 51, 52, 53, 54])])
        tree.exit(.control)
        #expect(tree.take().last == .exit(0))
    }

    @Test func itCanStopBetweenTwoStartsOfControl() {
        var tree = ModelTree()
        tree.perform(tree.machine.start(at: tree.now))
        tree.exit(.control, .signal(9))
        _ = tree.take()
        tree.stop(.drain)
        #expect(tree.take().last == .exit(0))
    }

    @Test func anEndlessDrainTimeoutOverflowsNothing() {
        var tree = ModelTree()
        tree.perform(tree.machine.start(at: tree.now))
        var announcement = ModelTree.announcement
        announcement.topology.drainTimeout = .max
        tree.say(.control, announcement.frame(), descriptors: [50, 51, 52, 53, 54])
        tree.stop(.drain)
        #expect(tree.machine.stopping?.phaseEnd == .max)
        tree.wait(100_000, answering: Self.everybody)
        #expect(tree.running.count == 5)
    }
}
