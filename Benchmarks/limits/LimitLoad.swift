import Domain
import Glibc
import Limits
import Platform

/// Works at a limit table from outside of the gateway, to measure it.
///
///     limit-load decide FOLDER [CALLERS]    what a decision over 5 slots costs, alone
///     limit-load hot FOLDER [PROCESSES]     what it costs when that many processes (8) want the same key
///     limit-load fill FOLDER [SLOTS]        memory of a table in which that many keys (1,048,576) are counted
@main
enum LimitLoad {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else { return LimitLoad.usage() }
        let folder = arguments[2]
        let number = arguments.count > 3 ? Int(arguments[3]) : nil
        switch arguments[1] {
        case "decide": try DecisionBenchmark(folder: folder).run(callers: number)
        case "hot": try HotKeyBenchmark(folder: folder, processes: number ?? 8).run()
        case "hot-one": try HotKeyBenchmark(folder: folder, processes: 1).work(instance: UInt32(number ?? 1))
        case "fill": try MemoryBenchmark(folder: folder, slots: number ?? 1 << 20).run()
        default: LimitLoad.usage()
        }
    }

    private static func usage() {
        print("usage: limit-load decide FOLDER [CALLERS] | hot FOLDER [PROCESSES] | fill FOLDER [SLOTS]")
        exit(64)
    }

    /// A request of the gateway: organization, project, key, user and address, of which key and project are limited as most will be.
    static func demand(_ number: UInt64, limits: LimitSet) -> LimitDemand {
        let periods = CalendarPeriods(day: 20_000, week: 2_857, month: 24_300)
        func entry(_ scope: LimitScope, _ limits: LimitSet) -> LimitDemand.Entry {
            let key =
                scope == .address
                ? LimitKey(.address, address: number &* 0x9E37_79B9_7F4A_7C15 | 1)
                // Ids are random: so are these, as far as a hash can tell.
                : LimitKey(
                    scope,
                    EntityID(
                        high: number &* 0xD6E8_FEB8_6659_FD93,
                        low: (number << 8 | UInt64(scope.rawValue)) &* 0xFF51_AFD7_ED55_8CCD))
            return LimitDemand.Entry(key: key, scope: scope, limits: limits, periods: periods)
        }
        return LimitDemand(
            entries: [
                entry(.organization, LimitSet()), entry(.project, limits), entry(.key, limits),
                entry(.user, LimitSet([.requestsPerMinute: 1 << 40])),
                entry(.address, LimitSet([.requestsPerMinute: 1 << 40])),
            ], requests: 1, tokens: 1_000, cost: 5_000_000)
    }

    static let limits = LimitSet([
        .requestsPerMinute: 1 << 40, .tokensPerMinute: 1 << 50, .monthlyCost: 1 << 60, .concurrency: 1 << 30,
    ])
}
