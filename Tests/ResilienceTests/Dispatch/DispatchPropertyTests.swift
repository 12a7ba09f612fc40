import Testing

/// The rules hold whatever happens: 100,000 random requests.
@Suite struct DispatchPropertyTests {
    @Test(arguments: 0..<4)
    func theRulesHold(_ part: UInt64) {
        var totals = (calls: 0, counted: 0, resends: 0, otherKeys: 0, hedges: 0)
        for seed in part * 25_000..<(part + 1) * 25_000 {
            let model = DispatchModel(seed: seed)
            model.run()
            let ledger = model.ledger
            totals.calls += ledger.calls
            totals.counted += ledger.counted
            totals.resends += ledger.resends
            totals.otherKeys += ledger.otherKeys
            totals.hedges += ledger.hedges
            guard !ledger.breaches.isEmpty else { continue }
            let retold = DispatchModel(seed: seed, tellsStory: true)
            retold.run()
            Issue.record("seed \(seed): \(ledger.breaches)\n\(retold.ledger.story.joined(separator: "\n"))")
            return
        }
        // What was to be tried was tried.
        #expect(totals.calls > 25_000)
        #expect(totals.counted > 5_000)
        #expect(totals.resends > 200)
        #expect(totals.otherKeys > 500)
        #expect(totals.hedges > 500)
    }
}
