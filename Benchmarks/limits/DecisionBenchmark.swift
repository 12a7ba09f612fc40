import Domain
import Limits
import Platform

/// What one process pays for a decision over 5 slots when nobody else wants them.
struct DecisionBenchmark {
    let folder: String
    private static let batches = 1_000
    private static let batch = 200

    func run(callers: Int?) throws {
        for callers in callers.map({ [$0] }) ?? [1, 1_000, 50_000] {
            try self.measure("callers: \(callers)", callers: UInt64(max(1, callers)))
        }
    }

    private func measure(_ name: String, callers: UInt64) throws {
        let table = try LimitTable.create(
            "\(self.folder)/limits.table", shape: LimitTableShape(slots: 1 << 20, places: 8),
            boot: BootID(high: 1, low: 2))
        let owner = LimitOwner(table)
        guard owner.join(1) != nil else { return print("no place") }
        let demands = (0..<callers).map { LimitLoad.demand($0 + 1, limits: LimitLoad.limits) }
        let time = LimitTime(window: table.windowTime(), wall: 0)
        var holds: [LimitHold] = []
        holds.reserveCapacity(Self.batch)
        var number = 0
        // 7919 is prime: callers come in no order that memory could foresee.
        func demand(_ number: Int) -> LimitDemand { demands[number &* 7_919 % demands.count] }
        func batch() -> (admit: UInt64, settle: UInt64) {
            holds.removeAll(keepingCapacity: true)
            let first = number
            let start = Clocks.monotonicNanoseconds()
            for _ in 0..<Self.batch {
                let record = RecordID(high: 1, low: UInt64(number))
                if case .admitted(let hold, _) = owner.admit(demand(number), record: record, at: time) {
                    holds.append(hold)
                }
                number += 1
            }
            let middle = Clocks.monotonicNanoseconds()
            for (index, hold) in holds.enumerated() {
                owner.settle(
                    hold, demand(first + index).entries, tokens: 900, cost: 4_000_000, softPercent: 80, at: time)
            }
            let end = Clocks.monotonicNanoseconds()
            let count = UInt64(Self.batch)
            return ((middle - start) / count, (end - middle) / count)
        }
        for _ in 0...(demands.count / Self.batch) { _ = batch() }
        let costs = (0..<Self.batches).map { _ in batch() }
        let (admits, settles) = (costs.map(\.admit).sorted(), costs.map(\.settle).sorted())
        let (half, most) = (Self.batches / 2, Self.batches * 99 / 100)
        print(
            "\(name), 5 slots: admit \(admits[half]) ns (p99 \(admits[most])), settle \(settles[half]) ns "
                + "(p99 \(settles[most])); medians of \(Self.batches) batches of \(Self.batch)")
    }
}
