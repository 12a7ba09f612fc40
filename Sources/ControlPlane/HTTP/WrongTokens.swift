/// How many wrong tokens have come from each address of late, and what becomes of the next one. Pure: times are passed in, in
/// nanoseconds of a clock that only goes forward.
///
/// An address has a few for nothing; each further one is answered later, and when too many answers are kept back, at once with a
/// refusal. A right token is never kept waiting: who guesses does not shut out the neighbours behind the same address.
struct WrongTokens {
    /// Wrong tokens in a window that are answered at once.
    static let free = 10
    static let window: UInt64 = 60_000_000_000
    /// How much later each further one is answered, and the most.
    static let step: UInt64 = 500_000_000
    static let longest: UInt64 = 5_000_000_000
    /// Addresses that are remembered at most; what does not fit is counted together.
    static let capacity = 4096
    /// Answers that are kept back at the same time.
    static let patience = 128

    enum Verdict: Hashable {
        /// Answer after so many nanoseconds.
        case after(UInt64)
        /// Refuse: seconds until it is worth another try.
        case refuse(UInt32)
    }

    private struct Entry {
        var count = 0
        var end: UInt64
    }

    private var entries: [[UInt8]: Entry] = [:]
    /// Answers that are kept back now.
    private(set) var waiting = 0

    /// Addresses that are remembered.
    var count: Int { self.entries.count }

    /// A wrong token has come from `address`; nil is an address of its own.
    mutating func count(_ address: PeerAddress?, at now: UInt64) -> Verdict {
        let place = self.place(of: address, at: now)
        var entry = self.entries[place] ?? Entry(end: now &+ Self.window)
        if now >= entry.end { entry = Entry(end: now &+ Self.window) }
        entry.count += 1
        self.entries[place] = entry
        guard entry.count > Self.free else { return .after(0) }
        guard self.waiting < Self.patience else {
            return .refuse(UInt32(clamping: (entry.end - now) / 1_000_000_000 + 1))
        }
        self.waiting += 1
        return .after(min(Self.longest, UInt64(entry.count - Self.free) * Self.step))
    }

    /// An answer that was kept back has gone out.
    mutating func answered() {
        self.waiting -= self.waiting > 0 ? 1 : 0
    }

    private mutating func place(of address: PeerAddress?, at now: UInt64) -> [UInt8] {
        let place = address?.counted ?? [0]
        guard self.entries[place] == nil, self.entries.count >= Self.capacity else { return place }
        self.entries = self.entries.filter { now < $0.value.end }
        return self.entries.count < Self.capacity ? place : []
    }
}
