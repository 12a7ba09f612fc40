import Domain
import Limits
import Platform

/// How large a table is when it is full of keys.
struct MemoryBenchmark {
    let folder: String
    let slots: Int

    func run() throws {
        let table = try LimitTable.create(
            "\(self.folder)/limits.table", shape: LimitTableShape(slots: self.slots * 4 / 3 + 256, places: 8),
            boot: BootID(high: 1, low: 2))
        let reader = LimitReader(table)
        print("empty: \(reader.room().bytes >> 20) MiB of file")
        let owner = LimitOwner(table)
        guard owner.join(1) != nil else { return print("no place") }
        let time = LimitTime(window: table.windowTime(), wall: 0)
        let periods = CalendarPeriods(day: 1, week: 1, month: 1)
        let start = Clocks.monotonicNanoseconds()
        var entered = 0
        for number in 0..<self.slots {
            let key = LimitKey(.key, EntityID(high: UInt64(number) &* 0xD6E8_FEB8_6659_FD93, low: 1))
            let demand = LimitDemand(entries: [
                LimitDemand.Entry(key: key, scope: .key, limits: LimitSet(), periods: periods)
            ])
            guard case .admitted(let hold, _) = owner.admit(demand, record: RecordID(high: 1, low: 1), at: time) else {
                break
            }
            owner.settle(hold, demand.entries, tokens: 10, cost: 10, softPercent: 0, at: time)
            entered += 1
        }
        let nanoseconds = Clocks.monotonicNanoseconds() - start
        let room = reader.room()
        print(
            "\(entered) keys: \(room.bytes >> 20) MiB of file, \(nanoseconds / UInt64(max(1, entered))) ns a new key; "
                + "\(room.usedSlots) of \(room.slots) slots used")
    }
}
