import Domain
import Resilience
import Testing

/// Which key a further attempt has, and what its provider's budget allows.
@Suite struct DispatchKeyTests {
    @Test func theNextKeyAtOnceAndUncounted() {
        let run = DispatchRun(2, retries: 1)
        run.places.keys = [0: [4, 9, 2]]
        #expect(run.begin() == .call(1, 0, key: 4))
        #expect(run.failed(1, 401) == .call(2, 0, key: 9))
        #expect(run.failed(2, 403, shouldRetry: false) == .call(3, 0, key: 2))
        #expect(run.failed(3, 402) == .call(4, 1))
        #expect(run.failed(4, 500) == .giveUp)
        #expect(run.places.retriesTaken == 0)
    }

    @Test func manyRefusedKeysEnd() {
        let run = DispatchRun(1)
        run.places.keys = [0: Array(0..<64)]
        _ = run.begin()
        for number in UInt8(1)...8 { #expect(run.failed(number, 401) == .call(number + 1, 0, key: number)) }
        #expect(run.failed(9, 401) == .giveUp)
    }

    @Test func aRefusedKeyIsRefusedForTheWholeProvider() {
        let run = DispatchRun(2)
        run.places.providers = [0: 7, 1: 7]
        run.places.keys = [0: [1], 1: [1, 2]]
        _ = run.begin()
        #expect(run.failed(1, 401) == .call(2, 1, key: 2))
        // With 403 for the model alone.
        let other = DispatchRun(2)
        other.places.providers = [0: 7, 1: 7]
        other.places.keys = [0: [1], 1: [1, 2]]
        _ = other.begin()
        #expect(other.failed(1, 403) == .call(2, 1, key: 1))
    }

    @Test func anotherKeyInsteadOfALimitedOne() {
        let run = DispatchRun(2, retries: 3)
        run.places.keys = [0: [0, 1], 1: [0]]
        _ = run.begin()
        #expect(run.failed(1, 429, after: 9_000) == .call(2, 1))
        #expect(run.failed(2, 429, after: 5_000) == .call(3, 0, key: 1))
        #expect(run.failed(3, 429, after: 20_000) == .wait)
        #expect(run.deadline == 5_000)
        #expect(run.waited() == .call(4, 1))
        #expect(run.places.retriesTaken == 2)
    }

    @Test func aLimitedKeyIsUsedAgainWhenItMay() {
        let run = DispatchRun(1, retries: 3)
        _ = run.begin()
        #expect(run.failed(1, 429, after: 9_000) == .wait)
        #expect(run.waited() == .call(2, 0))
        #expect(run.now == 9_000)
    }

    // MARK: The budget

    @Test func theBudgetEndsRepetitions() {
        let run = DispatchRun(2)
        run.places.retriesLeft = 0
        _ = run.begin()
        #expect(run.failed(1, 500) == .call(2, 1))
        #expect(run.failed(2, 500) == .giveUp)
        #expect(run.trail.last == "retryBudgetSpent 0 0")
    }

    @Test func otherModelsOfTheSameProviderAreRepetitions() {
        let run = DispatchRun(3)
        run.places.providers = [0: 5, 1: 5, 2: 6]
        run.places.retriesLeft = 0
        _ = run.begin()
        #expect(run.failed(1, 500) == .call(2, 2))
        #expect(run.trail.contains("retryBudgetSpent 1 0"))
        let paid = DispatchRun(3)
        paid.places.providers = [0: 5, 1: 5, 2: 6]
        _ = paid.begin()
        #expect(paid.failed(1, 500) == .call(2, 1))
        #expect(paid.places.retriesTaken == 1)
    }

    @Test func theBudgetOfWhoIsAskedAgainIsAsked() {
        let run = DispatchRun(2, retries: 8, delay: 0)
        _ = run.begin()
        for number in UInt8(1)...4 { _ = run.failed(number, 500) }
        #expect(run.places.takings.map(\.place) == [0, 1, 0, 1, 0])
        #expect(run.places.budgetsAsked == [0, 1, 0])
        // Once, however often it is put off.
        let spent = DispatchRun(1, retries: 8)
        _ = spent.begin()
        #expect(spent.failed(1, 500) == .wait)
        #expect(spent.waited() == .call(2, 0))
        #expect(spent.places.budgetsAsked == [0])
    }
}
