import Domain
import IPC
import Platform
import Testing

@testable import Supervisor

@Suite struct SupervisorMachineTests {
    private static let everybody = [Seat.control, .aggregator, ModelTree.upstream] + ModelTree.edges

    private static func links(_ actions: [SupervisorAction]) -> [[Seat]] {
        actions.compactMap { if case .link(let a, _, let b, _) = $0 { [a, b] } else { nil } }
    }

    private static func spawns(_ actions: [SupervisorAction]) -> [Seat] {
        actions.compactMap { if case .spawn(let seat) = $0 { seat } else { nil } }
    }

    private static func signals(_ actions: [SupervisorAction], _ signal: Int32) -> [Seat] {
        actions.compactMap { if case .signal(let seat, signal) = $0 { seat } else { nil } }
    }

    // MARK: Start

    @Test func controlComesFirstThenTheListenersThenEverybodyElse() {
        var tree = ModelTree()
        tree.perform(tree.machine.start(at: tree.now))
        #expect(Self.spawns(tree.take()) == [.control])
        tree.wait(5000, answering: [.control])
        #expect(Self.spawns(tree.take()) == [])
        tree.say(.control, ModelTree.announcement.frame(), descriptors: [50, 51, 52, 53, 54])
        let actions = tree.take()
        #expect(actions.first == .adopt(ModelTree.announcement, descriptors: [50, 51, 52, 53, 54]))
        #expect(Self.spawns(actions) == [.aggregator, ModelTree.upstream] + ModelTree.edges)
    }

    @Test func helloGoesFirstAndNamesTheHost() {
        var tree = ModelTree()
        tree.answersHello = false
        tree.perform(tree.machine.start(at: tree.now))
        let hello = Hello(role: .control, instance: 1, host: 0, build: ModelTree.build)
        #expect(tree.take().contains(.send(.control, hello.frame())))
        tree.greet(.control)
        tree.say(.control, ModelTree.announcement.frame(), descriptors: [50, 51, 52, 53, 54])
        let actions = tree.take()
        #expect(
            actions.contains(
                .send(.aggregator, Hello(role: .aggregator, instance: 2, host: 9, build: ModelTree.build).frame())))
        // Nothing else goes to a child that has not introduced itself.
        #expect(Self.links(actions) == [])
        tree.greet(.aggregator)
        #expect(tree.take().first == .sendSnapshot(.aggregator, version: 5))
    }

    @Test func everyPairGetsOneLinkWithTheOthersInstance() {
        var tree = ModelTree()
        tree.start()
        let actions = tree.take()
        let links = Set(Self.links(actions).map(Set.init))
        let (a, b, up) = (ModelTree.edges[0], ModelTree.edges[1], ModelTree.upstream)
        let expected: [Set<Seat>] = [
            [up, .aggregator], [a, .control], [a, .aggregator], [a, up], [b, .control], [b, .aggregator], [b, up],
        ]
        #expect(links == Set(expected))
        #expect(Self.links(actions).count == expected.count)
        #expect(actions.contains(.link(a, 4, up, 3)))
    }

    @Test func readyIsSaidWhenTheLastOneIs() {
        var tree = ModelTree()
        tree.start()
        for seat in Self.everybody.dropLast() { tree.ready(seat) }
        #expect(!tree.take().contains(.treeIsReady))
        tree.ready(ModelTree.edges[1])
        let actions = tree.take()
        #expect(actions.contains(.restoreBacklogs))
        #expect(actions.contains(.treeIsReady))
        #expect(actions.contains(.send(.control, Ready().frame())))
    }

    @Test func listenersThatCannotOpenEndItWithTheirReason() {
        var tree = ModelTree()
        tree.perform(tree.machine.start(at: tree.now))
        let adopt = tree.machine.received(
            .control, ModelTree.announcement.frame(), descriptors: [1, 2, 3, 4, 5], at: tree.now)
        #expect(adopt == [.adopt(ModelTree.announcement, descriptors: [1, 2, 3, 4, 5])])
        _ = tree.take()
        tree.perform(tree.machine.cannotListen("port taken", at: tree.now))
        #expect(tree.done.first == .say("port taken"))
        #expect(tree.take().contains(.send(.control, Drain(timeout: 0).frame())))
        tree.exit(.control)
        #expect(tree.take() == [.exit(70)])
    }

    // MARK: Refusals to start

    @Test func aControlThatRefusesHasSaidWhy() {
        var tree = ModelTree()
        tree.perform(tree.machine.start(at: tree.now))
        _ = tree.take()
        tree.exit(.control, .code(78))
        #expect(tree.take() == [.treeIsStopping, .closeListeners, .exit(78)])
    }

    @Test(arguments: [Int32(70), 79, 126, 127])
    func aWorkerThatRefusesAtItsFirstStartEndsTheTree(code: Int32) {
        var tree = ModelTree()
        tree.start()
        tree.ready(.aggregator)
        _ = tree.take()
        tree.exit(ModelTree.upstream, .code(code))
        #expect(tree.done.first == .say("sluice: sluice-upstream cannot start (exit \(code))"))
        for seat in Self.everybody where tree.running[seat] != nil { tree.exit(seat) }
        #expect(tree.take().last == .exit(70))
    }

    @Test func aProgramThatCannotEvenBeStartedEndsTheTree() {
        var tree = ModelTree()
        _ = tree.machine.start(at: tree.now)
        let actions = tree.machine.spawnFailed(.control, reason: "cannot start x: no", at: tree.now).filter {
            if case .count = $0 { false } else { true }
        }
        #expect(actions == [.say("sluice: cannot start x: no"), .treeIsStopping, .closeListeners, .exit(70)])
        // Once it has run, it is tried again.
        var other = ModelTree.up()
        other.exit(.control, .signal(9))
        other.perform(other.machine.spawnFailed(.control, reason: "cannot start x: no", at: other.now))
        _ = other.take()
        other.wait(200, answering: Self.everybody)
        #expect(Self.spawns(other.take()) == [.control])
    }

    @Test func aRefusalOfALaterStartIsWaitedOut() {
        var tree = ModelTree.up()
        tree.exit(ModelTree.upstream, .code(72))
        tree.wait(29_999, answering: Self.everybody)
        #expect(Self.spawns(tree.take()) == [])
        tree.wait(1, answering: Self.everybody)
        #expect(Self.spawns(tree.take()) == [ModelTree.upstream])
        tree.exit(ModelTree.upstream, .code(72))
        tree.wait(30_000, answering: Self.everybody)
        #expect(Self.spawns(tree.take()) == [ModelTree.upstream])
    }

    @Test(arguments: [ChildProcess.Status.signal(11), .code(1), .code(69), .code(80), .code(0)])
    func anyOtherEndBeforeReadyIsTriedAgain(status: ChildProcess.Status) {
        var tree = ModelTree()
        tree.perform(tree.machine.start(at: tree.now))
        _ = tree.take()
        tree.exit(.control, status)
        tree.wait(100)
        #expect(Self.spawns(tree.take()) == [.control])
    }

    // MARK: Restarts

    @Test(arguments: everybody)
    func whoeverEndsIsStartedAgainWithNewLinks(seat: Seat) {
        var tree = ModelTree.up()
        tree.wait(11_000, answering: Self.everybody)
        _ = tree.take()
        tree.exit(seat, .signal(9))
        tree.wait(99, answering: Self.everybody)
        #expect(Self.spawns(tree.take()) == [])
        tree.wait(1, answering: Self.everybody)
        let actions = tree.take()
        #expect(Self.spawns(actions) == [seat])
        #expect(tree.running[seat] == 6)
        let peers = Self.everybody.filter { $0 != seat && LinkBroker.areLinked(seat.role, $0.role) }
        #expect(Self.links(actions) == peers.map { [seat, $0] })
        let hasSnapshot = actions.contains(.sendSnapshot(seat, version: 5))
        #expect(hasSnapshot == (seat.role != .control))
        tree.ready(seat)
        #expect(!tree.done.contains(.treeIsReady))
        // A new control is told that the tree is ready; an old one is not told again.
        #expect(tree.done.contains(.send(.control, Ready().frame())) == (seat == .control))
    }

    @Test func aRestartedControlsAnnouncementChangesNothing() {
        var tree = ModelTree.up()
        tree.exit(.control, .signal(9))
        tree.wait(100, answering: Self.everybody)
        _ = tree.take()
        tree.say(.control, ModelTree.announcement.frame(), descriptors: [60, 61, 62, 63, 64])
        #expect(tree.take() == [.close([60, 61, 62, 63, 64])])
    }

    @Test func aWorkerCanBeStartedWhileControlIsDead() {
        var tree = ModelTree.up()
        tree.exit(.control, .signal(9))
        tree.exit(ModelTree.edges[0], .signal(9))
        _ = tree.take()
        tree.perform(tree.machine.spawnFailed(.control, reason: "no memory", at: tree.now))
        tree.wait(100, answering: Self.everybody)
        #expect(Self.spawns(tree.done) == [ModelTree.edges[0]])
        #expect(tree.take().contains(.sendSnapshot(ModelTree.edges[0], version: 5)))
    }

    @Test func manyCrashesAreDegradedUntilTheyEnd() {
        var tree = ModelTree.up()
        for _ in 0..<5 {
            tree.exit(ModelTree.upstream, .signal(6))
            tree.wait(4000, answering: Self.everybody)
            tree.ready(ModelTree.upstream)
        }
        #expect(tree.done.filter { $0 == .note(.degraded(true)) }.count == 1)
        _ = tree.take()
        tree.wait(60_000, answering: Self.everybody)
        #expect(tree.take().filter { $0 == .note(.degraded(false)) }.count == 1)
    }

    // MARK: Liveness

    @Test func aSilentChildIsAbortedThenKilledThenReplaced() {
        var tree = ModelTree.up()
        let edge = ModelTree.edges[0]
        let others = Self.everybody.filter { $0 != edge }
        tree.wait(10_000, answering: others)
        #expect(Self.signals(tree.take(), 6) == [])
        tree.wait(1000, answering: others)
        #expect(Self.signals(tree.take(), 6) == [edge])
        tree.wait(1999, answering: others)
        #expect(Self.signals(tree.done, 9) == [])
        tree.wait(1, answering: others)
        #expect(Self.signals(tree.take(), 9) == [edge])
        tree.exit(edge, .signal(9))
        tree.wait(100, answering: others)
        #expect(Self.spawns(tree.take()) == [edge])
    }

    @Test func aSupervisorThatWasStoppedDoesNotBlameItsChildren() {
        var tree = ModelTree.up()
        tree.wait(3000, answering: Self.everybody)
        _ = tree.take()
        // It wakes an hour later: one heartbeat, no signal.
        tree.now += 3_600_000
        tree.perform(tree.machine.tick(at: tree.now))
        let actions = tree.take()
        #expect(Self.signals(actions, 6) == [] && Self.signals(actions, 9) == [])
        #expect(tree.machine.deadline == tree.now + 1000)
    }

    @Test func aChildThatDoesNotBecomeReadyIsKilled() {
        var tree = ModelTree()
        tree.start()
        for seat in Self.everybody.dropLast() { tree.ready(seat) }
        _ = tree.take()
        tree.wait(29_999, answering: Self.everybody)
        #expect(Self.signals(tree.take(), 9) == [])
        tree.wait(1, answering: Self.everybody)
        #expect(Self.signals(tree.take(), 9) == [ModelTree.edges[1]])
    }

    @Test func edgesHearTheMeanOfTheirLoadRoundedUp() throws {
        var tree = ModelTree.up()
        tree.wait(1000, answering: [ModelTree.edges[0]], activeRequests: 10)
        tree.say(ModelTree.edges[1], Heartbeat(sequence: 1, activeRequests: 3).frame())
        _ = tree.take()
        tree.wait(1000)
        let beats = try tree.take().compactMap { action -> (Role, UInt32)? in
            guard case .sendIfRoom(let seat, let frame) = action else { return nil }
            let packet = try Packet(frame, accepting: .child)
            guard packet.type == .heartbeat else { return nil }
            return (seat.role, try packet.message(Heartbeat.self).activeRequests)
        }
        #expect(beats.count == 5)
        #expect(beats.allSatisfy { $0.1 == ($0.0 == .edge ? 7 : 0) })
    }

    @Test func everyChangeIsCounted() throws {
        var tree = ModelTree.up()
        tree.exit(ModelTree.edges[0], .signal(9))
        var figures = TreeFigures(version: ModelTree.announcement.version)
        figures.up = [.supervisor: 1, .control: 1, .aggregator: 1, .upstream: 1, .edge: 1]
        figures.restarts = [.supervisor: 0, .control: 0, .aggregator: 0, .upstream: 0, .edge: 0]
        #expect(tree.takeAll().contains(.count(figures)))
        tree.wait(100)
        tree.ready(ModelTree.edges[0])
        figures.up[.edge] = 2
        figures.restarts[.edge] = 1
        #expect(tree.takeAll().contains(.count(figures)))
        // And once a second.
        tree.wait(1000, answering: Self.everybody)
        #expect(tree.takeAll().contains(.count(figures)))
    }

    @Test func anAggregatorGetsThePagesBeforeItsLinks() throws {
        var tree = ModelTree.up()
        tree.exit(.aggregator, .signal(9))
        _ = tree.take()
        tree.wait(100)
        tree.ready(.aggregator)
        let actions = tree.take()
        let pages = try #require(actions.firstIndex(of: .sendPages(.aggregator)))
        let links = actions.indices.filter { if case .link = actions[$0] { true } else { false } }
        #expect(links.count == 3 && links.allSatisfy { $0 > pages })
        #expect(!actions.contains(.sendPages(.control)))
    }

    @Test func heartbeatsWithoutAnAnswerAreCounted() {
        var tree = ModelTree.up()
        tree.wait(1000, answering: Self.everybody)
        _ = tree.take()
        tree.wait(1000, answering: Self.everybody.filter { $0.role != .upstream })
        #expect(!tree.take().contains(.beatMissed(.upstream)))
        tree.wait(1000, answering: Self.everybody)
        let missed = tree.take().filter { if case .beatMissed = $0 { true } else { false } }
        #expect(missed == [.beatMissed(.upstream)])
    }

    // MARK: Broken children

    @Test func whoBreaksTheProtocolIsKilled() {
        let frames: [([UInt8], [Int32])] = [
            ([], []), ([1, 2, 3], [7]), (Array(repeating: 0xFF, count: 100), []),
            (Hello(role: .edge, instance: 4, build: ModelTree.build).frame(), []),
            (Heartbeat(sequence: 99).frame(), []), (Drain(timeout: 1).frame(), []), (Ready().frame(), []),
            (ModelTree.announcement.frame(), [1, 2, 3, 4, 5]), (Heartbeat(sequence: 1).frame(stream: 3), []),
            (Heartbeat(sequence: 1).frame() + [0], []), (Heartbeat(sequence: 1).frame(), [8]),
        ]
        for (frame, descriptors) in frames {
            var tree = ModelTree.up()
            let edge = ModelTree.edges[0]
            tree.say(edge, frame, descriptors: descriptors)
            let actions = tree.take()
            #expect(Self.signals(actions, 9) == [edge])
            #expect(actions.contains(.close(descriptors)) == !descriptors.isEmpty)
            // Whatever else it has sent is not looked at any more.
            tree.say(edge, frame, descriptors: descriptors)
            #expect(tree.take() == (descriptors.isEmpty ? [] : [.close(descriptors)]))
            tree.exit(edge, .signal(9))
            tree.wait(100)
            #expect(Self.spawns(tree.take()) == [edge])
        }
    }

    @Test func oversizedPacketsAndFullLinesAreTheSame() {
        var tree = ModelTree.up()
        tree.perform(tree.machine.receivedOversized(ModelTree.edges[0]))
        tree.perform(tree.machine.lineFull(ModelTree.edges[1]))
        tree.perform(tree.machine.lineFull(ModelTree.edges[1]))
        #expect(Self.signals(tree.take(), 9) == ModelTree.edges)
    }

    @Test func aChildThatClosesItsLineMustEnd() {
        var tree = ModelTree.up()
        tree.perform(tree.machine.lineEnded(ModelTree.upstream, at: tree.now))
        tree.wait(4999, answering: Self.everybody)
        #expect(Self.signals(tree.take(), 9) == [])
        tree.wait(1, answering: Self.everybody)
        #expect(Self.signals(tree.take(), 9) == [ModelTree.upstream])
    }

    @Test func topologiesOutOfBoundsAreRefused() {
        var announcements = Array(repeating: ModelTree.announcement, count: 7)
        announcements[0].host = 0x100_0000
        announcements[1].topology.listeners = []
        announcements[2].topology.edges = 0
        announcements[3].topology.upstreams = 0
        announcements[4].topology.edges = 257
        announcements[5].topology.stateDirectory = "relative"
        announcements[6].topology.stateDirectory = ""
        for announcement in announcements {
            var tree = ModelTree()
            tree.perform(tree.machine.start(at: tree.now))
            _ = tree.take()
            tree.say(.control, announcement.frame(), descriptors: [50, 51, 52, 53, 54])
            #expect(tree.done.first == .close([50, 51, 52, 53, 54]))
            #expect(Self.signals(tree.take(), 9) == [.control])
        }
        // Too few descriptors.
        var tree = ModelTree()
        tree.perform(tree.machine.start(at: tree.now))
        tree.say(.control, ModelTree.announcement.frame(), descriptors: [50])
        #expect(Self.signals(tree.take(), 9) == [.control])
    }

    @Test func mutatedPacketsNeverLeakOrTrap() {
        var random = SystemRandomNumberGenerator()
        let frames = [
            Hello(role: .control, instance: 1, build: ModelTree.build).frame(), ModelTree.announcement.frame(),
            Heartbeat(sequence: 1).frame(), Ready().frame(),
        ]
        for _ in 0..<3000 {
            var bytes = frames.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            var tree = ModelTree()
            tree.perform(tree.machine.start(at: tree.now))
            _ = tree.take()
            let given: [Int32] = [50, 51, 52, 53, 54]
            let actions = tree.machine.received(.control, bytes, descriptors: given, at: tree.now)
            let leaves = actions.filter {
                switch $0 {
                case .close(let numbers), .adopt(_, let numbers): numbers == given
                default: false
                }
            }
            #expect(leaves.count == 1)
        }
    }
}
