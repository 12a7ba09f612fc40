import Domain
import Limits
import Platform

/// What one process pays for a decision over 5 slots when nobody else wants them.
struct DecisionBenchmark {
    let folder: String
    private static let rounds = 200_000

    func run() throws {
        for (name, callers) in [("one caller", UInt64(1)), ("1,000 callers", 1_000), ("50,000 callers", 50_000)] {
            try self.measure(name, callers: callers)
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
        func round(_ demand: LimitDemand, _ number: UInt64) -> (admit: UInt64, settle: UInt64) {
            let start = Clocks.monotonicNanoseconds()
            let verdict = owner.admit(demand, record: RecordID(high: 1, low: number), at: time)
            let middle = Clocks.monotonicNanoseconds()
            guard case .admitted(let hold, _) = verdict else { return (0, 0) }
            owner.settle(hold, demand.entries, tokens: 900, cost: 4_000_000, softPercent: 80, at: time)
            return (middle - start, Clocks.monotonicNanoseconds() - middle)
        }
        for demand in demands { _ = round(demand, 0) }
        var (admits, settles): ([UInt64], [UInt64]) = ([], [])
        admits.reserveCapacity(Self.rounds)
        settles.reserveCapacity(Self.rounds)
        for number in 0..<Self.rounds {
            // 7919 is prime: callers come in no order that memory could foresee.
            let cost = round(demands[number &* 7_919 % demands.count], UInt64(number))
            admits.append(cost.admit)
            settles.append(cost.settle)
        }
        admits.sort()
        settles.sort()
        let (half, most) = (Self.rounds / 2, Self.rounds * 99 / 100)
        let clock = Self.clockCost()
        print(
            "\(name), 5 slots: admit \(admits[half] - clock) ns (p99 \(admits[most])), "
                + "settle \(settles[half] - clock) ns (p99 \(settles[most])); clock \(clock) ns taken off medians")
    }

    private static func clockCost() -> UInt64 {
        let start = Clocks.monotonicNanoseconds()
        for _ in 0..<10_000 { _ = Clocks.monotonicNanoseconds() }
        return (Clocks.monotonicNanoseconds() - start) / 10_000
    }
}
