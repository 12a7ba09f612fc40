import Domain
import Glibc
import Limits
import Platform

/// What a decision costs when several processes want the same slots all the time.
struct HotKeyBenchmark {
    let folder: String
    let processes: Int
    private static let seconds: UInt64 = 3
    private static let boot = BootID(high: 1, low: 2)
    private var path: String { "\(self.folder)/limits.table" }

    func run() throws {
        let table = try LimitTable.create(
            self.path, shape: LimitTableShape(slots: 1 << 16, places: 128), boot: Self.boot)
        try table.publish()
        var children: [pid_t] = []
        for number in 1...max(1, self.processes) {
            if let child = Self.spawn(["limit-load", "hot-one", self.folder, "\(number)"]) { children.append(child) }
        }
        for child in children {
            var status: Int32 = 0
            unsafe waitpid(child, &status, 0)
        }
        let demand = LimitLoad.demand(1, limits: LimitLoad.limits)
        let reader = LimitReader(table)
        for entry in demand.entries {
            let report = reader.report(
                entry.key, entry.scope, limits: entry.limits, periods: entry.periods, window: table.windowTime())
            let held = report?.lines[Int(LimitKind.concurrency.rawValue)].held ?? -1
            let total = report?.lines[Int(LimitKind.totalTokens.rawValue)].used ?? -1
            print("slot of scope \(entry.scope.name): \(total) requests settled, \(held) held")
        }
    }

    /// One process.
    func work(instance: UInt32) throws {
        let table = try LimitTable.open(self.path, .writing, boot: Self.boot)
        let owner = LimitOwner(table)
        guard owner.join(instance) != nil else { return print("no place") }
        let demand = LimitLoad.demand(1, limits: LimitLoad.limits)
        let time = LimitTime(window: table.windowTime(), wall: 0)
        let start = Clocks.monotonicNanoseconds()
        var count: UInt64 = 0
        while Clocks.monotonicNanoseconds() - start < Self.seconds * 1_000_000_000 {
            for _ in 0..<100 {
                guard case .admitted(let hold, _) = owner.admit(demand, record: RecordID(high: 1, low: 1), at: time)
                else { continue }
                owner.settle(hold, demand.entries, tokens: 1, cost: 1, softPercent: 80, at: time)
                count += 1
            }
        }
        var used = timespec()
        guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0 else { return print("no clock") }
        let processor = UInt64(used.tv_sec) * 1_000_000_000 + UInt64(used.tv_nsec)
        print("process \(instance): \(count) requests, \(processor / max(1, count)) ns of CPU for admit and settle")
        owner.leave()
    }

    private static func spawn(_ arguments: [String]) -> pid_t? {
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe []
        for argument in arguments { unsafe pointers.append(strdup(argument)) }
        unsafe pointers.append(nil)
        var child: pid_t = 0
        let code = unsafe posix_spawn(&child, "/proc/self/exe", nil, nil, &pointers, environ)
        for index in unsafe pointers.indices { unsafe free(pointers[index]) }
        return code == 0 ? child : nil
    }
}
