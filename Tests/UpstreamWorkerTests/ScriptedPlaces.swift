import Resilience

@testable import UpstreamWorker

/// Places as a test wants them, which keep count of what was taken and told.
final class ScriptedPlaces: RequestPlaces {
    enum Told: Hashable {
        case answered(UInt8)
        case failed(UInt8, CallFailure.Kind)
        case outrun(UInt8)
        case rests(UInt8, UInt64)
    }

    var standings: [CallStanding]
    var keys: UInt8 = 1
    var retries = Int.max
    var hedges = Int.max
    private(set) var told: [Told] = []
    /// What was taken and not given back, by number; and what was given back that was not taken.
    private(set) var taken: Set<UInt8> = []
    private(set) var faults: [String] = []
    private(set) var tokens: [UInt8: Int64] = [:]

    init(_ count: Int) {
        self.standings = Array(repeating: .free, count: count)
    }

    func standing(of place: Int, at now: UInt64) -> CallStanding { self.standings[place] }

    func take(_ place: Int, attempt number: UInt8, avoiding keys: KeySet, at now: UInt64) -> CallTaking {
        guard self.standings[place] == .free else { return .refused(self.standings[place]) }
        guard let key = (0..<self.keys).first(where: { !keys.contains($0) }) else { return .refused(.keysOut) }
        if !self.taken.insert(number).inserted { self.faults.append("taken twice: \(number)") }
        return .taken(key: key)
    }

    func latency(of place: Int) -> UInt64? { nil }
    func firstTokenTime(of place: Int, percent: UInt8) -> UInt64? { nil }
    func load(of place: Int) -> UInt32 { 0 }

    func takeRetry(of place: Int, at now: UInt64) -> Bool {
        self.retries -= 1
        return self.retries >= 0
    }

    func takeHedge(at now: UInt64) -> Bool {
        self.hedges -= 1
        return self.hedges >= 0
    }

    func answered(_ number: UInt8, firstContent: UInt64) { self.told.append(.answered(number)) }
    func failed(_ number: UInt8, _ failure: CallFailure) { self.told.append(.failed(number, failure.kind)) }
    func keyRests(_ number: UInt8, for nanoseconds: UInt64) { self.told.append(.rests(number, nanoseconds)) }
    func outrun(_ number: UInt8, after nanoseconds: UInt64) { self.told.append(.outrun(number)) }

    func ended(_ number: UInt8, tokens: Int64?, at now: UInt64) {
        if self.taken.remove(number) == nil { self.faults.append("not taken: \(number)") }
        self.tokens[number] = tokens
    }

    /// Everything was given back, once.
    var isBalanced: Bool { self.taken.isEmpty && self.faults.isEmpty }
}
