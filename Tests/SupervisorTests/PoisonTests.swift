import Domain
import IPC
import Platform
import Testing

@testable import Supervisor

/// Requests that kill workers, from the deaths to the quarantine.
@Suite struct PoisonTests {
    private static func sent(_ actions: [SupervisorAction], to seat: Seat) -> [[UInt8]] {
        actions.compactMap {
            switch $0 {
            case .send(seat, let frame), .sendIfRoom(seat, let frame): frame
            default: nil
            }
        }
    }

    /// Kills the process in `seat` by `signal`; returns what the aggregator is asked.
    private static func die(_ tree: inout ModelTree, _ seat: Seat, _ signal: Int32) -> (UInt32, [[UInt8]]) {
        let instance = tree.running[seat] ?? 0
        tree.exit(seat, .signal(signal))
        return (instance, self.sent(tree.take(), to: .aggregator))
    }

    @Test(arguments: [4, 5, 6, 7, 11] as [Int32]) func faultsAreInquired(signal: Int32) {
        var tree = ModelTree.up()
        let (instance, asked) = Self.die(&tree, ModelTree.upstream, signal)
        #expect(asked.contains(OwnerDead(role: .upstream, instance: instance).frame()))
    }

    @Test(arguments: [2, 9, 15] as [Int32]) func otherDeathsAreNot(signal: Int32) {
        var tree = ModelTree.up()
        let (instance, asked) = Self.die(&tree, ModelTree.edges[0], signal)
        #expect(!asked.contains(OwnerDead(role: .edge, instance: instance).frame()))
    }

    @Test func anAggregatorThatComesBackIsAskedAgain() {
        var tree = ModelTree.up()
        tree.exit(.aggregator, .signal(9))
        let (instance, asked) = Self.die(&tree, ModelTree.edges[0], 11)
        #expect(asked == [])
        tree.wait(1000)
        #expect(
            Self.sent(tree.take(), to: .aggregator).contains(OwnerDead(role: .edge, instance: instance).frame()))
    }

    @Test func theSecondDeathQuarantinesEverywhere() {
        var tree = ModelTree.up()
        let (first, _) = Self.die(&tree, ModelTree.edges[0], 11)
        tree.say(.aggregator, Suspects(instance: first, fingerprints: [5, 6]).frame())
        let quarantine = Quarantine(fingerprint: 6, milliseconds: PoisonLedger.span).frame()
        #expect(!Self.sent(tree.take(), to: ModelTree.edges[1]).contains(quarantine))
        let (second, _) = Self.die(&tree, ModelTree.upstream, 4)
        tree.say(.aggregator, Suspects(instance: second, fingerprints: [6]).frame())
        let actions = tree.take()
        #expect(Self.sent(actions, to: ModelTree.edges[1]).contains(quarantine))
        #expect(Self.sent(actions, to: .control).contains(quarantine))
        #expect(actions.contains(.note(.quarantined(6, milliseconds: PoisonLedger.span))))
        // The edge that starts later hears of it with the time that is left.
        tree.wait(1000)
        let late = Self.sent(tree.take(), to: ModelTree.edges[0]).compactMap { frame -> Quarantine? in
            guard let packet = try? Packet(frame, accepting: .child), packet.type == .quarantine else { return nil }
            return try? packet.message()
        }
        #expect(late.map(\.fingerprint) == [6])
        #expect(late.allSatisfy { (1..<PoisonLedger.span).contains($0.milliseconds) })
        #expect(tree.machine.figures.quarantined == 1)
    }

    @Test func anOperatorReleases() {
        var tree = ModelTree.up()
        for seat in [ModelTree.edges[0], ModelTree.upstream] {
            let (instance, _) = Self.die(&tree, seat, 6)
            tree.say(.aggregator, Suspects(instance: instance, fingerprints: [6]).frame())
        }
        _ = tree.take()
        tree.say(.control, Quarantine(fingerprint: 6, milliseconds: 0).frame())
        #expect(
            Self.sent(tree.take(), to: ModelTree.edges[1])
                .contains(Quarantine(fingerprint: 6, milliseconds: 0).frame()))
        tree.say(.control, Quarantine(fingerprint: 6, milliseconds: 0).frame())
        #expect(Self.sent(tree.take(), to: ModelTree.edges[1]) == [])
    }

    @Test func onlyTheAggregatorIncriminatesAndOnlyControlReleases() {
        var tree = ModelTree.up()
        tree.say(ModelTree.edges[0], Suspects(instance: 1, fingerprints: [1]).frame())
        #expect(tree.take().contains(.signal(ModelTree.edges[0], 9)))
        tree.say(.aggregator, Quarantine(fingerprint: 1, milliseconds: 0).frame())
        #expect(tree.take().contains(.signal(.aggregator, 9)))
    }
}
