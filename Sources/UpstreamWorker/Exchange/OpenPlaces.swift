internal import Resilience

/// Places of which nothing is known: each may always be called, with the provider's first key that has not failed the request.
struct OpenPlaces: RequestPlaces {
    /// Keys of each place's provider, at least one.
    var keys: [UInt8]
    var providers: [Int]

    func standing(of place: Int, at now: UInt64) -> CallStanding { .free }

    func take(_ place: Int, attempt number: UInt8, avoiding keys: KeySet, at now: UInt64) -> CallTaking {
        guard place < self.keys.count else { return .refused(.keysOut) }
        for key in 0..<max(1, self.keys[place]) where !keys.contains(key) { return .taken(key: key) }
        return .refused(.keysOut)
    }

    func latency(of place: Int) -> UInt64? { nil }
    func firstTokenTime(of place: Int, percent: UInt8) -> UInt64? { nil }
    func load(of place: Int) -> UInt32 { 0 }
    func takeRetry(at now: UInt64) -> Bool { true }
    func takeHedge(at now: UInt64) -> Bool { true }
    func provider(of place: Int) -> Int { place < self.providers.count ? self.providers[place] : place }

    func answered(_ number: UInt8, firstContent: UInt64) {}
    func failed(_ number: UInt8, _ failure: CallFailure) {}
    func keyRests(_ number: UInt8, for nanoseconds: UInt64) {}
    func outrun(_ number: UInt8, after nanoseconds: UInt64) {}
    func ended(_ number: UInt8, tokens: Int64?) {}
}
