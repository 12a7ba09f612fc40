import Domain
import Resilience

/// Places whose standings a test sets; it writes down what was taken.
final class ScriptedPlaces: CallPlaces {
    struct Taking: Equatable {
        var place: Int
        var number: UInt8
        var key: UInt8
    }

    /// Answered by `standing` and `take`; `.free` where nothing is said.
    var standings: [Int: CallStanding] = [:]
    /// Answered by `take` only, as if others had been faster.
    var overtaken: [Int: CallStanding] = [:]
    /// Keys of each place that may be taken, in order.
    var keys: [Int: [UInt8]] = [:]
    var providers: [Int: Int] = [:]
    var latencies: [Int: UInt64] = [:]
    var percentiles: [Int: UInt64] = [:]
    var loads: [Int: UInt32] = [:]
    var retriesLeft = Int.max
    var hedgesLeft = Int.max
    private(set) var takings: [Taking] = []
    private(set) var retriesTaken = 0
    /// The places whose budgets were asked.
    private(set) var budgetsAsked: [Int] = []
    private(set) var hedgesTaken = 0

    func standing(of place: Int, at now: UInt64) -> CallStanding { self.standings[place] ?? .free }

    func take(_ place: Int, attempt number: UInt8, avoiding keys: KeySet, at now: UInt64) -> CallTaking {
        if let standing = self.overtaken[place] ?? self.standings[place], standing != .free {
            return .refused(standing)
        }
        guard let key = (self.keys[place] ?? [0]).first(where: { !keys.contains($0) }) else {
            return .refused(.keysOut)
        }
        self.takings.append(Taking(place: place, number: number, key: key))
        return .taken(key: key)
    }

    func latency(of place: Int) -> UInt64? { self.latencies[place] }
    func firstTokenTime(of place: Int, percent: UInt8) -> UInt64? { self.percentiles[place] }
    func load(of place: Int) -> UInt32 { self.loads[place] ?? 0 }
    func provider(of place: Int) -> Int { self.providers[place] ?? place }

    func takeRetry(of place: Int, at now: UInt64) -> Bool {
        self.budgetsAsked.append(place)
        guard self.retriesLeft > 0 else { return false }
        self.retriesLeft -= 1
        self.retriesTaken += 1
        return true
    }

    func takeHedge(at now: UInt64) -> Bool {
        guard self.hedgesLeft > 0 else { return false }
        self.hedgesLeft -= 1
        self.hedgesTaken += 1
        return true
    }
}
