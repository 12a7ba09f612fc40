import Domain
import IPC
import Platform
import Testing

@testable import Supervisor

@Suite struct BrokenLinkTests {
    private static let everybody: [Seat] =
        [.control, .aggregator, ModelTree.upstream] + ModelTree.edges

    private func readyTree() -> ModelTree {
        var tree = ModelTree()
        tree.start()
        for seat in Self.everybody { tree.ready(seat) }
        _ = tree.take()
        return tree
    }

    private func links(_ actions: [SupervisorAction]) -> [SupervisorAction] {
        actions.filter { if case .link = $0 { true } else { false } }
    }

    private func ended(_ role: Role, _ instance: UInt32?) -> [UInt8] {
        LinkOffer(role: role, instance: instance ?? 0).frame()
    }

    @Test func aLinkThatBrokeBetweenLivingProcessesIsRenewedOnceAtTheNextBeat() {
        var tree = self.readyTree()
        let (edge, upstream) = (ModelTree.edges[0], ModelTree.upstream)
        guard let one = tree.running[edge], let other = tree.running[upstream] else {
            Issue.record("the tree does not run")
            return
        }
        tree.say(edge, self.ended(.upstream, other))
        tree.say(upstream, self.ended(.edge, one))
        #expect(self.links(tree.take()).isEmpty)
        tree.wait(1_000, answering: Self.everybody)
        #expect(self.links(tree.take()) == [.link(edge, one, upstream, other)])
        tree.wait(3_000, answering: Self.everybody)
        #expect(self.links(tree.take()).isEmpty)
    }

    @Test func aLinkToAProcessThatHasEndedIsNotRenewedThisWay() {
        var tree = self.readyTree()
        let (edge, upstream) = (ModelTree.edges[0], ModelTree.upstream)
        let other = tree.running[upstream]
        tree.say(edge, self.ended(.upstream, other))
        tree.exit(upstream, .signal(9))
        tree.answersHello = false
        _ = tree.take()
        tree.wait(1_500, answering: Self.everybody)
        #expect(self.links(tree.take()).isEmpty)
    }

    @Test func whatNobodyHasIsIgnored() {
        var tree = self.readyTree()
        let edge = ModelTree.edges[0]
        tree.say(edge, self.ended(.upstream, 4_000_000))
        tree.say(edge, self.ended(.edge, tree.running[ModelTree.edges[1]]))
        tree.say(edge, self.ended(.supervisor, 0))
        tree.wait(1_000, answering: Self.everybody)
        let actions = tree.take()
        #expect(self.links(actions).isEmpty)
        #expect(!actions.contains { if case .signal = $0 { true } else { false } })
    }
}
