import Domain
import Resilience
import Testing

/// Every event in every state: what is ordered, and what is left alone.
@Suite struct DispatchStateTests {
    private static let ms: UInt64 = 1_000_000

    /// The states a machine can be in, each reached in the shortest way. Two places, retries, a hedge after 400 ms.
    enum Situation: String, CaseIterable {
        case ready, pausedFirst, pausedAfterFailure, queuedFirst, queuedAfterFailure, calling, callingHedged
        case askingRetry, askingHedge, askingHedgeAlone, answered, gaveUp, refused
    }

    enum Event: String, CaseIterable {
        case begin, failed, failedFinally, failedOther, content, contentOther, granted, refusedGrant, turn, turnBusy
        case queueRefused, early, due
    }

    private func run(_ situation: Situation) -> DispatchRun {
        let run = DispatchRun(2, hedge: .time(400))
        let unknown = CallFailure(.firstToken, billed: .unknown)
        switch situation {
        case .ready: break
        case .pausedFirst:
            run.places.standings = [0: .breakerOpen(900 * Self.ms), 1: .breakerOpen(1_000 * Self.ms)]
            #expect(run.begin() == .wait)
        case .pausedAfterFailure:
            run.places.standings = [1: .keysOut]
            _ = run.begin()
            #expect(run.failed(1, 500) == .wait)
        case .queuedFirst:
            run.places.standings = [0: .busy, 1: .busy]
            #expect(run.begin() == .queue(0))
        case .queuedAfterFailure:
            run.places.standings = [1: .busy]
            _ = run.begin()
            #expect(run.failed(1, 503, after: 9_000) == .queue(1))
        case .calling: _ = run.begin()
        case .callingHedged:
            _ = run.begin()
            _ = run.waited()
            #expect(run.granted(true) == .call(2, 1))
        case .askingRetry:
            _ = run.begin()
            #expect(run.failed(1, unknown) == .ask(2, 1, .otherTarget))
        case .askingHedge, .askingHedgeAlone:
            _ = run.begin()
            #expect(run.waited() == .ask(2, 1, .hedge))
            if situation == .askingHedgeAlone { #expect(run.failed(1, 500) == .wait) }
        case .answered:
            _ = run.begin()
            _ = run.hasContent(1)
        case .gaveUp:
            _ = run.begin()
            #expect(run.failed(1, 400) == .giveUp)
        case .refused:
            run.places.standings = [0: .keysOut, 1: .keysOut]
            #expect(run.begin() == .refuse(.keysRefused))
        }
        run.places.standings = [:]
        return run
    }

    private func happen(_ event: Event, _ run: DispatchRun) -> DispatchOrder? {
        switch event {
        case .begin: return run.begin()
        case .failed: return run.failed(1, 500)
        case .failedFinally: return run.failed(1, 404)
        case .failedOther: return run.failed(7, 500)
        case .content, .contentOther:
            let losers = run.hasContent(event == .content ? 1 : 7)
            return losers.isEmpty ? nil : .giveUp
        case .granted: return run.granted(true)
        case .refusedGrant: return run.granted(false)
        case .turn: return run.turn()
        case .turnBusy:
            run.places.standings = [0: .busy, 1: .busy]
            return run.turn()
        case .queueRefused: return run.queueRefused(700)
        case .early:
            run.now = max(run.now, run.deadline.map { $0 - 1 } ?? run.now)
            return run.timePassed()
        case .due:
            run.now = max(run.now, run.deadline ?? run.now + 1_000_000)
            return run.timePassed()
        }
    }

    /// What is not in here is left alone: `.wait`, or no losers.
    private static let orders: [Situation: [Event: DispatchOrder]] = [
        .ready: [.begin: .call(1, 0)],
        .pausedFirst: [.due: .call(1, 0)],
        .pausedAfterFailure: [.due: .call(2, 1)],
        .queuedFirst: [
            .turn: .call(1, 0), .turnBusy: .queue(0), .queueRefused: .refuse(.overloaded(retryAfter: 700 * ms)),
            .due: .refuse(.overloaded(retryAfter: 0)),
        ],
        .queuedAfterFailure: [.turn: .call(2, 1), .turnBusy: .queue(1), .queueRefused: .giveUp, .due: .giveUp],
        .calling: [.failed: .call(2, 1), .failedFinally: .giveUp, .due: .ask(2, 1, .hedge)],
        // `.giveUp` stands for losers there.
        .callingHedged: [.content: .giveUp],
        .askingRetry: [.granted: .call(2, 1), .refusedGrant: .giveUp],
        .askingHedge: [.failedFinally: .giveUp, .granted: .call(2, 1)],
        .askingHedgeAlone: [.granted: .call(2, 1), .refusedGrant: .call(3, 1)],
        .answered: [.failed: .giveUp, .failedFinally: .giveUp],
        .gaveUp: [:],
        .refused: [:],
    ]

    @Test(arguments: Situation.allCases, Event.allCases)
    func everyEventInEveryState(_ situation: Situation, _ event: Event) {
        let run = self.run(situation)
        let before = (run.machine.deadline, run.machine.running, run.machine.trail, run.places.takings)
        let order = self.happen(event, run)
        let wanted = Self.orders[situation]?[event] ?? (event == .content || event == .contentOther ? nil : .wait)
        #expect(order == wanted)
        // An event that does not belong there changes nothing.
        let belongs =
            Self.orders[situation]?[event] != nil || event == .content || event == .failed || event == .failedFinally
        guard !belongs, (situation, event) != (.askingHedge, .refusedGrant) else { return }
        #expect((run.machine.deadline, run.machine.running) == (before.0, before.1))
        #expect((run.machine.trail, run.places.takings) == (before.2, before.3))
    }
}
