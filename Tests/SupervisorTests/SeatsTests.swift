import Domain
import IPC
import Platform
import Testing

@testable import Supervisor

/// Numbers of processes that change while the tree runs.
@Suite struct SeatsTests {
    private static func scene(edges: UInt16 = 2, upstreams: UInt16 = 1) -> ReloadScene {
        var scene = ReloadScene()
        scene.topology.edges = edges
        scene.topology.upstreams = upstreams
        return scene
    }

    private static func count(_ scene: ReloadScene, _ role: Role) -> Int {
        scene.tree.running.keys.count { $0.role == role }
    }

    private static func operations(_ scene: ReloadScene) -> [TreeReport.Operation] {
        scene.seen.reversed().lazy.compactMap { if case .report(_, let report) = $0 { report.operations } else { nil } }
            .first ?? []
    }

    @Test func aReloadGrowsAndShrinks() {
        for (edges, upstreams) in [(4, 1), (1, 1), (2, 3), (3, 2)] as [(UInt16, UInt16)] {
            var scene = Self.scene(edges: edges, upstreams: upstreams)
            scene.tree.order(.reload)
            scene.finish()
            #expect(Self.count(scene, .edge) == edges)
            #expect(Self.count(scene, .upstream) == upstreams)
            #expect(scene.faults == [])
            // And back.
            scene.topology.edges = 2
            scene.topology.upstreams = 1
            scene.tree.order(.reload)
            scene.finish()
            #expect(Self.count(scene, .edge) == 2)
            #expect(Self.count(scene, .upstream) == 1)
            #expect(scene.tree.machine.seats.count == 5)
            #expect(scene.tree.machine.slots.count == 5)
        }
    }

    @Test func theNewcomersAreLinkedAndServed() {
        var scene = Self.scene(edges: 3)
        scene.tree.order(.reload)
        scene.finish()
        let third = Seat(role: .edge, index: 2)
        #expect(scene.seen.contains(.spawn(third)))
        #expect(scene.seen.contains(.sendSnapshot(third, version: 6)))
        let peers = scene.seen.compactMap { if case .link(third, _, let peer, _) = $0 { peer.role } else { nil } }
        #expect(Set(peers) == [.upstream, .aggregator, .control])
    }

    @Test func oneMoreAndOneFewerByOrder() {
        var scene = Self.scene()
        scene.tree.order(.addEdge, token: 9)
        scene.settle()
        #expect(Self.operations(scene).map(\.state) == [.running])
        scene.finish()
        #expect(Self.count(scene, .edge) == 3)
        #expect(Self.operations(scene).map(\.state) == [.done])
        scene.tree.order(.removeEdge)
        scene.finish()
        #expect(Self.count(scene, .edge) == 2)
        #expect(scene.tree.running[Seat(role: .edge, index: 2)] == nil)
        scene.tree.order(.removeEdge)
        scene.tree.order(.removeEdge)
        scene.finish()
        // The last one stays.
        #expect(Self.count(scene, .edge) == 1)
        #expect(Self.operations(scene).map(\.state) == [.done, .done, .done, .failed])
        for _ in 0..<9 { scene.tree.order(.addEdge) }
        scene.finish()
        // As many as the limit table has places for: two edges and two more.
        #expect(Self.count(scene, .edge) == 4)
        #expect(scene.faults == [])
    }

    @Test func whatSignalsHaveChangedLastsUntilTheFileSaysSomethingElse() {
        var scene = Self.scene()
        scene.tree.order(.addEdge)
        scene.finish()
        scene.tree.order(.reload)
        scene.finish()
        #expect(Self.count(scene, .edge) == 3)
        scene.topology.edges = 4
        scene.tree.order(.reload)
        scene.finish()
        #expect(Self.count(scene, .edge) == 4)
        #expect(scene.faults == [])
    }

    @Test func aSeatThatIsGivenUpGetsTheDrainTimeoutAndNoMore() {
        var tree = ModelTree.up()
        tree.order(.removeEdge)
        let last = ModelTree.edges[1]
        #expect(tree.take().contains(.send(last, Drain(timeout: 60_000).frame())))
        let others = tree.running.keys.filter { $0 != last }
        tree.wait(64_000, answering: Array(tree.running.keys))
        #expect(!tree.done.contains(.signal(last, SupervisorMachine.kill)))
        // Meanwhile its place is not taken.
        tree.order(.addEdge)
        #expect(tree.running[Seat(role: .edge, index: 2)] != nil)
        tree.wait(2000, answering: Array(others) + [last])
        #expect(tree.take().contains(.signal(last, SupervisorMachine.kill)))
        tree.exit(last, .signal(9))
        #expect(tree.machine.slots[last] == nil)
        #expect(!tree.take().contains(.spawn(last)))
        #expect(tree.machine.working(.edge).map(\.index) == [0, 2])
    }

    @Test func aSeatThatWaitsForItsProcessVanishesAtOnce() {
        var tree = ModelTree.up()
        tree.exit(ModelTree.edges[1], .signal(9))
        tree.order(.removeEdge)
        #expect(tree.machine.slots[ModelTree.edges[1]] == nil)
        tree.wait(60_000, answering: Array(tree.running.keys))
        #expect(!tree.done.contains(.spawn(ModelTree.edges[1])))
    }

    @Test func aNewcomerThatCannotStartIsGivenUp() {
        var tree = ModelTree.up()
        tree.answersHello = false
        tree.order(.addEdge, token: 4)
        let third = Seat(role: .edge, index: 2)
        #expect(tree.running[third] != nil)
        tree.exit(third, .code(70))
        #expect(tree.machine.slots[third] == nil)
        #expect(tree.machine.stopping == nil)
        let report = tree.take().reversed().lazy.compactMap {
            if case .report(_, let report) = $0 { report } else { nil }
        }.first
        #expect(report?.operations.map(\.state) == [.failed])
    }

    @Test func ordersFromControlCount() {
        var tree = ModelTree.up()
        tree.say(.control, Order(token: 5, kind: .addEdge).frame())
        // Sent again: it is known.
        tree.say(.control, Order(token: 5, kind: .addEdge).frame())
        #expect(tree.machine.working(.edge).count == 3)
        tree.say(.control, Order(token: 6, kind: .reopenLogs).frame())
        #expect(tree.take().contains { if case .reopenLogs = $0 { true } else { false } })
        tree.say(.control, Order(token: 7, kind: .stop).frame())
        #expect(tree.machine.stopping?.isFast == false)
        tree.say(.control, Order(token: 8, kind: .stopNow).frame())
        #expect(tree.machine.stopping?.isFast == true)
    }
}
