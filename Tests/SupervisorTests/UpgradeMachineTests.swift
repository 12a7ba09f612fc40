import Domain
import Testing

@testable import Supervisor

@Suite struct UpgradeMachineTests {
    private static func asked(_ machine: inout UpgradeMachine) {
        #expect(machine.begin(at: 0) == [.ask])
        for role in UpgradeMachine.asked.dropLast() { #expect(machine.answered(role, obstacle: nil, at: 1) == []) }
        #expect(machine.answered(.edge, obstacle: nil, at: 1) == [.startStandby])
    }

    @Test func oneStepAfterTheOther() {
        var machine = UpgradeMachine()
        #expect(!machine.isRunning && machine.deadline == nil)
        Self.asked(&machine)
        #expect(machine.deadline == 30_001 && machine.hasStandby && machine.isBeforeTakeOver)
        #expect(machine.allReady(at: 5) == [.retire(.files)])
        #expect(machine.hasStandby && machine.isBeforeTakeOver && machine.deadline == 10_005)
        #expect(machine.retired(.files, drain: 60_000, at: 6) == [.takeOver, .retire(.edges)])
        #expect(!machine.hasStandby && !machine.isBeforeTakeOver && machine.deadline == 65_006)
        #expect(machine.retired(.edges, drain: 60_000, at: 7) == [.retire(.upstreams)])
        #expect(machine.retired(.upstreams, drain: 60_000, at: 8) == [.replaceSupervisor])
        #expect(machine.isRunning && machine.deadline == nil)
        #expect(machine.replaced() == [.finished(failure: nil)])
        #expect(!machine.isRunning)
    }

    @Test(arguments: UpgradeMachine.asked) func anObstacleIsTheEnd(role: Role) {
        var machine = UpgradeMachine()
        _ = machine.begin(at: 0)
        #expect(machine.answered(role, obstacle: "x", at: 1) == [.stopAsking, .finished(failure: "x")])
        // What the others say comes too late.
        for other in UpgradeMachine.asked { #expect(machine.answered(other, obstacle: nil, at: 1) == []) }
        #expect(!machine.isRunning)
    }

    @Test func aProgramThatDoesNotAnswerIsNamed() {
        var machine = UpgradeMachine()
        _ = machine.begin(at: 0)
        for role in UpgradeMachine.asked where role != .upstream { _ = machine.answered(role, obstacle: nil, at: 1) }
        #expect(machine.tick(at: 9999) == [])
        #expect(
            machine.tick(at: 10_000)
                == [.stopAsking, .finished(failure: "no answer within 10 s from sluice-upstream")])
    }

    @Test func whoDoesNotBecomeReadyIsDiscarded() {
        var machine = UpgradeMachine(standbyLimit: 2000)
        Self.asked(&machine)
        #expect(machine.tick(at: 2000) == [])
        #expect(machine.tick(at: 2001) == [.discard])
        #expect(machine.allReady(at: 2002) == [])
        #expect(machine.standbyFailed("again") == [])
        #expect(
            machine.standbyGone() == [.finished(failure: "the new processes were not ready within 2 s")])
    }

    @Test func aDeathOnStandbyIsTheEnd() {
        var machine = UpgradeMachine()
        Self.asked(&machine)
        #expect(machine.standbyFailed("dead") == [.discard])
        #expect(machine.standbyGone() == [.finished(failure: "dead")])
    }

    /// The old aggregator has ended by then, or will: only forward is left.
    @Test func afterTheFilesAreLetGoADeathIsNoEnd() {
        var machine = UpgradeMachine()
        Self.asked(&machine)
        _ = machine.allReady(at: 5)
        #expect(machine.standbyFailed("dead") == [])
        #expect(machine.retired(.files, drain: 0, at: 6) == [.takeOver, .retire(.edges)])
    }

    @Test func whatDoesNotEndIsKilledAgainAndAgain() {
        var machine = UpgradeMachine()
        Self.asked(&machine)
        _ = machine.allReady(at: 0)
        for (part, end) in [(UpgradeMachine.Part.files, UInt64(10_000)), (.edges, 6000), (.upstreams, 10_000)] {
            let start = machine.deadline.map { $0 - end } ?? 0
            #expect(machine.tick(at: start + end - 1) == [])
            #expect(machine.tick(at: start + end) == [.kill(part)])
            #expect(machine.tick(at: start + end + 5000) == [.kill(part)])
            _ = machine.retired(part, drain: 1000, at: start)
        }
        #expect(machine.phase == .replacing)
    }

    @Test func aDrainWithoutEndDoesNotOverflow() {
        var machine = UpgradeMachine()
        Self.asked(&machine)
        _ = machine.allReady(at: 5)
        _ = machine.retired(.files, drain: .max, at: 6)
        #expect(machine.deadline == .max)
    }

    @Test func aStopEndsItInEveryPhase() {
        for steps in 0...6 {
            var machine = UpgradeMachine()
            if steps > 0 { _ = machine.begin(at: 0) }
            if steps > 1 { for role in UpgradeMachine.asked { _ = machine.answered(role, obstacle: nil, at: 1) } }
            if steps > 2 { _ = machine.allReady(at: 2) }
            if steps > 3 { _ = machine.retired(.files, drain: 1, at: 3) }
            if steps > 4 { _ = machine.retired(.edges, drain: 1, at: 4) }
            if steps > 5 { _ = machine.retired(.upstreams, drain: 1, at: 5) }
            let end: [UpgradeMachine.Step] = steps == 0 ? [] : [.finished(failure: "the gateway stops")]
            #expect(machine.abandon() == (steps == 1 ? [.stopAsking] : []) + end)
            #expect(!machine.isRunning)
        }
    }

    @Test func onlyOneAtATime() {
        var machine = UpgradeMachine()
        Self.asked(&machine)
        #expect(machine.begin(at: 5) == [])
        #expect(machine.replaced() == [])
        #expect(machine.retired(.edges, drain: 0, at: 5) == [])
        #expect(machine.standbyGone() == [])
    }
}
