import Domain
import IPC
import Platform
import Testing

@testable import Supervisor

@Suite struct ReloadTests {
    private static let back = [Seat.aggregator, ModelTree.upstream]

    /// A reload that has got as far as `steps` events.
    private static func scene(after steps: Int) -> ReloadScene {
        var scene = ReloadScene()
        scene.tree.order(.reload)
        scene.settle()
        for _ in 0..<steps where !scene.queue.isEmpty { scene.happen(scene.queue.removeFirst()) }
        return scene
    }

    /// Control's answer, two of the back, two edges.
    private static let steps = 5

    @Test func aNewConfigurationGoesFromTheBackToTheFront() {
        var scene = Self.scene(after: 0)
        #expect(scene.queue == [.controlAnswers(6)])
        #expect(scene.seen.contains(.reloading(true)))
        scene.happen(scene.queue.removeFirst())
        let first = scene.seen.compactMap { if case .sendSnapshot(let seat, 6) = $0 { seat } else { nil } }
        #expect(Set(first) == Set(Self.back))
        scene.happen(scene.queue.removeFirst())
        #expect(scene.seen.count { if case .sendSnapshot(_, 6) = $0 { true } else { false } } == 2)
        scene.happen(scene.queue.removeFirst())
        let all = scene.seen.compactMap { if case .sendSnapshot(let seat, 6) = $0 { seat } else { nil } }
        #expect(Set(all.dropFirst(2)) == Set(ModelTree.edges))
        for edge in ModelTree.edges {
            let listeners = scene.seen.firstIndex(of: .sendListeners(edge, version: 6))
            let snapshot = scene.seen.firstIndex(of: .sendSnapshot(edge, version: 6))
            #expect(listeners.map { $0 + 1 } == snapshot)
        }
        #expect(!scene.seen.contains(.commit(6)))
        scene.finish()
        #expect(scene.count(.commit(6)) == 1)
        #expect(scene.tree.machine.announcement?.version == 6)
        #expect(scene.faults == [])
        #expect(scene.failures == [])
        // Nobody was started again.
        #expect(!scene.seen.contains { if case .spawn = $0 { true } else { false } })
    }

    @Test func controlHearsThatItIsInForce() throws {
        var scene = Self.scene(after: Self.steps)
        scene.finish()
        let reports = scene.seen.compactMap { if case .report(.control, let report) = $0 { report } else { nil } }
        let last = try #require(reports.last)
        #expect(last.version == 6)
        #expect(last.state == .ready)
        #expect(last.operations.map(\.state) == [.done])
        #expect(last.operations.map(\.message) == ["configuration 6 is in force"])
        #expect(last.processes.count == 5)
        #expect(last.processes.allSatisfy { $0.version == 6 && $0.state == .ready })
        #expect(scene.seen.contains(.statusLine("ready: 2 edges, 1 upstream; configuration 6")))
    }

    /// What control was asked for.
    private static func requests(_ scene: ReloadScene) -> [ReloadRequest] {
        scene.seen.compactMap { action in
            guard case .send(.control, let frame) = action, let packet = try? Packet(frame, accepting: .child) else {
                return nil
            }
            return try? packet.message(ReloadRequest.self)
        }
    }

    @Test func whatControlWishesIsDoneWithoutTheFile() {
        var scene = ReloadScene()
        scene.tree.order(.refresh, token: 9)
        scene.settle()
        // Those that come meanwhile are done together.
        scene.tree.order(.refresh, token: 10)
        scene.tree.order(.refresh, token: 11)
        scene.finish()
        #expect(
            Self.requests(scene)
                == [ReloadRequest(version: 6, readsFile: false), ReloadRequest(version: 7, readsFile: false)])
        #expect(scene.count(.commit(6)) == 1 && scene.count(.commit(7)) == 1)
        #expect(scene.tree.machine.announcement?.version == 7)
        #expect(!scene.seen.contains { if case .reloading = $0 { true } else { false } })
        #expect(scene.tree.machine.operations.entries.isEmpty)
        #expect(scene.faults == [])
    }

    @Test func aReloadDoesWhatARefreshWould() {
        var scene = Self.scene(after: 1)
        scene.tree.order(.refresh, token: 9)
        scene.tree.order(.reload, token: 10)
        scene.finish()
        #expect(Self.requests(scene) == [ReloadRequest(version: 6), ReloadRequest(version: 7)])
        #expect(scene.tree.machine.operations.entries.allSatisfy { $0.state == .done })
    }

    @Test func aRefreshIsDoneAlthoughTheFileIsRefused() {
        var scene = Self.scene(after: 1)
        // While a reload runs, both are asked for; the next one does both, and its file is refused.
        scene.tree.order(.refresh, token: 9)
        scene.tree.order(.reload, token: 10)
        while !scene.queue.isEmpty, scene.queue != [.controlAnswers(7)] { scene.happen(scene.queue.removeFirst()) }
        #expect(scene.queue == [.controlAnswers(7)])
        scene.queue = []
        scene.tree.say(.control, ReloadRefused(version: 7, message: "no").frame())
        scene.finish()
        #expect(
            Self.requests(scene).suffix(2)
                == [ReloadRequest(version: 7), ReloadRequest(version: 8, readsFile: false)])
    }

    @Test func aRefreshThatIsRefusedChangesNothing() {
        var scene = ReloadScene()
        scene.tree.order(.refresh, token: 9)
        scene.settle()
        scene.queue = []
        scene.tree.say(.control, ReloadRefused(version: 6, message: "no").frame())
        scene.finish()
        #expect(scene.tree.machine.announcement?.version == 5)
        #expect(scene.failures.count == 1)
    }

    @Test func whatControlRefusesChangesNothing() {
        var scene = Self.scene(after: 0)
        scene.queue = []
        scene.tree.say(.control, ReloadRefused(version: 6, message: "a:1: no\na:2: no").frame())
        scene.finish()
        #expect(scene.failures == ["a:1: no\na:2: no"])
        #expect(scene.told == [])
        #expect(scene.faults == [])
        #expect(scene.tree.machine.announcement?.version == 5)
        #expect(!scene.seen.contains { if case .sendSnapshot = $0 { true } else { false } })
        // The next one has a number of its own.
        scene.tree.order(.reload)
        scene.settle()
        #expect(scene.queue == [.controlAnswers(7)])
        scene.finish()
        #expect(scene.tree.machine.announcement?.version == 7)
        #expect(scene.faults == [])
    }

    @Test func whatCannotBeOpenedChangesNothing() {
        var scene = Self.scene(after: 0)
        scene.tree.refusesProposals = "cannot listen on 1.2.3.4:80: no"
        scene.finish()
        #expect(scene.failures == ["cannot listen on 1.2.3.4:80: no"])
        #expect(scene.told == [ReloadRefused(version: 6, message: "cannot listen on 1.2.3.4:80: no")])
        #expect(scene.tree.machine.announcement?.version == 5)
        #expect(scene.faults == [])
    }

    @Test func whatNeedsARestartIsSaidSo() {
        for (change, word) in [
            ({ $0.stateDirectory = "/other" }, "state_directory"), ({ $0.edges = 5 }, "workers.edge"),
        ] as [((inout Topology) -> Void, String)] {
            var scene = Self.scene(after: 0)
            change(&scene.topology)
            scene.finish()
            #expect(scene.failures.count == 1)
            #expect(scene.failures.first?.hasPrefix(word) == true)
            #expect(scene.failures.first?.contains("need") == true)
            // Nothing was opened, and what came with it is closed.
            #expect(scene.count(.close([60, 61, 62, 63, 64])) == 1)
            #expect(scene.told.count == 1)
            #expect(scene.tree.machine.announcement?.version == 5)
        }
    }

    @Test(arguments: [Seat.aggregator, ModelTree.upstream] + ModelTree.edges)
    func whoRefusesTakesItBack(seat: Seat) {
        for steps in 1...Self.steps {
            var scene = Self.scene(after: steps)
            let place = scene.queue.firstIndex {
                if case .acknowledges(seat, _, 6) = $0 { true } else { false }
            }
            guard let place else { continue }
            scene.queue.remove(at: place)
            scene.tree.say(seat, SnapshotAcknowledged(version: 6, refusal: "no").frame())
            scene.finish()
            let instance = scene.tree.running[seat] ?? 0
            #expect(scene.failures == ["\(seat.role.program) \(instance): no"])
            #expect(scene.told.map(\.version) == [6])
            #expect(scene.count(.drop(6)) == 1)
            #expect(scene.tree.machine.announcement?.version == 5)
            #expect(scene.faults == [])
        }
    }

    @Test(arguments: 0...5, [Seat.control, .aggregator, ModelTree.upstream] + ModelTree.edges)
    func whoeverDiesAtAnyStep(steps: Int, seat: Seat) {
        for status in [ChildProcess.Status.signal(9), .signal(11), .code(1), .code(72)] {
            var scene = Self.scene(after: steps)
            let isOver = !scene.tree.machine.reload.isRunning
            scene.tree.exit(seat, status)
            scene.finish()
            #expect(scene.faults == [])
            #expect(scene.failures.count <= 1)
            // Only control, and a worker that says that it cannot start, end it.
            if isOver || (seat != .control && status != .code(72)) { #expect(scene.failures == []) }
            if seat == .control && !isOver { #expect(scene.failures == ["sluice-control ended meanwhile"]) }
            #expect(scene.tree.running.count == 5)
            let version: UInt64 = scene.failures.isEmpty ? 6 : 5
            #expect(scene.tree.machine.announcement?.version == version)
        }
    }

    @Test(arguments: 0...4)
    func whoDoesNotAnswerEndsIt(steps: Int) {
        var scene = Self.scene(after: steps)
        // It works on, but for this.
        let silent = scene.queue.removeFirst()
        scene.finish()
        #expect(scene.faults == [])
        #expect(scene.failures.count == 1)
        #expect(scene.told.count == 1)
        switch silent {
        case .controlAnswers: #expect(scene.failures == ["sluice-control did not answer within 30 s"])
        default: #expect(scene.failures.first?.hasPrefix("no answer within 10 s from sluice-") == true)
        }
        #expect(scene.tree.machine.announcement?.version == 5)
        // A late answer is no fault.
        scene.happen(silent)
        scene.finish()
        #expect(scene.tree.running.count == 5)
        #expect(!scene.seen.contains { if case .note(.malformed) = $0 { true } else { false } })
    }

    @Test func whoDoesNotGoBackIsReplaced() {
        var scene = Self.scene(after: 2)
        let refuser = scene.queue.removeFirst()
        guard case .acknowledges(let seat, _, 6) = refuser else {
            Issue.record("not as far as it should be")
            return
        }
        scene.tree.say(seat, SnapshotAcknowledged(version: 6, refusal: "no").frame())
        scene.settle()
        // Of the other one the old snapshot is not taken either.
        let back = scene.queue.removeFirst()
        guard case .acknowledges(let other, let instance, 5) = back else {
            Issue.record("the old one was not given")
            return
        }
        scene.tree.say(other, SnapshotAcknowledged(version: 5, refusal: "never").frame())
        scene.finish()
        #expect(scene.tree.running[other] != instance)
        #expect(scene.faults == [])
    }

    @Test(arguments: 0...5)
    func aStopInTheMiddle(steps: Int) {
        for how in [SupervisorMachine.Stop.drain, .fast] {
            var scene = Self.scene(after: steps)
            let wasRunning = scene.tree.machine.reload.isRunning
            scene.tree.stop(how)
            scene.finish()
            #expect(scene.faults == [])
            #expect(scene.seen.contains(.exit(0)))
            #expect(scene.failures == (wasRunning ? ["the gateway stops"] : []))
        }
    }

    @Test(arguments: 0...5)
    func whatIsAskedForMeanwhileIsDoneOnceMore(steps: Int) {
        var scene = Self.scene(after: steps)
        for token in 1...20 as ClosedRange<UInt64> { scene.tree.order(.reload, token: token) }
        scene.tree.order(.reload)
        scene.finish()
        #expect(scene.faults == [])
        let asked = scene.count(.reloading(true))
        #expect(asked == (steps == 5 ? 3 : 2))
        #expect(scene.tree.machine.announcement?.version == 5 + UInt64(asked))
    }

    @Test func aReloadWaitsUntilTheTreeIsReady() {
        var tree = ModelTree()
        tree.order(.reload)
        tree.start()
        tree.order(.reload, token: 7)
        #expect(!tree.done.contains(.reloading(true)))
        for seat in tree.machine.seats { tree.ready(seat) }
        #expect(tree.take().filter { $0 == .reloading(true) }.count == 1)
    }

    @Test func aReloadWaitsForControl() {
        var tree = ModelTree.up()
        tree.exit(.control, .signal(9))
        tree.order(.reload)
        #expect(!tree.done.contains(.reloading(true)))
        tree.wait(100)
        tree.say(.control, ModelTree.announcement.frame(), descriptors: [1, 2, 3, 4, 5])
        tree.ready(.control)
        #expect(tree.done.contains(.reloading(true)))
    }

    @Test func strangeAnswersEndTheirSender() {
        var unasked = ModelTree.announcement
        unasked.version = 99
        let frames: [(Seat, [UInt8], [Int32])] = [
            (.control, unasked.frame(), [1, 2, 3, 4, 5]),
            (.control, ReloadRefused(version: 99, message: "").frame(), []),
            (ModelTree.upstream, ReloadRefused(version: 6, message: "").frame(), []),
            (ModelTree.edges[0], Order(token: 1, kind: .stop).frame(), []),
            (.control, SnapshotAcknowledged(version: 6).frame(), []),
        ]
        for (seat, frame, descriptors) in frames {
            var scene = Self.scene(after: 0)
            let instance = scene.tree.running[seat]
            scene.tree.say(seat, frame, descriptors: descriptors)
            scene.finish()
            #expect(scene.tree.running[seat] != instance)
            #expect(scene.faults == [])
            if !descriptors.isEmpty { #expect(scene.count(.close(descriptors)) == 1) }
        }
        // Answers to what was never given, or not to this process, count for nothing.
        var scene = Self.scene(after: 1)
        scene.tree.say(ModelTree.edges[0], SnapshotAcknowledged(version: 6).frame())
        scene.tree.say(ModelTree.upstream, SnapshotAcknowledged(version: 77, refusal: "no").frame())
        scene.finish()
        #expect(scene.failures == [])
        #expect(scene.faults == [])
    }
}
