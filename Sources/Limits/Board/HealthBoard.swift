/// The board of a table: entries of eight words that all processes at the table read and change at any time, each word by itself.
///
/// An entry is found by the hash of a name and is never given away again. What its words mean is the business of those who use
/// them; everything read may have been written by anybody. Lives on one loop, as its table does.
public struct HealthBoard {
    /// Words of an entry, the name among them.
    public static let words = 8
    /// Places of the table that one entry has words for.
    public static let placesOfPage = 7
    /// Entries that are looked at for one name.
    private static let chain = 512

    private let mapping: TableMapping

    /// The board of `table`; nil where it has none.
    public init?(_ table: LimitTable) {
        guard table.mapping.layout.board > 0 else { return nil }
        self.mapping = table.mapping
    }

    /// The host's secret is in it: nobody can choose names that share an entry.
    private func name(_ id: HealthID) -> UInt64 {
        var hash = id.high ^ self.mapping.seed ^ (id.low &* 0x9E37_79B9_7F4A_7C15)
        hash ^= hash >> 32
        hash &*= 0xD6E8_FEB8_6659_FD93
        hash ^= hash >> 32
        hash = hash &* 0xD6E8_FEB8_6659_FD93 ^ id.low
        hash ^= hash >> 29
        return hash == 0 ? 1 : hash
    }

    private func entry(_ name: UInt64, _ number: Int) -> Int {
        let first = Int(truncatingIfNeeded: name.multipliedFullWidth(by: UInt64(self.mapping.layout.board)).high)
        return (first + number) % self.mapping.layout.board
    }

    /// Where an entry is; nil where there is none of that name.
    public func find(_ id: HealthID) -> Int? {
        let name = self.name(id)
        for number in 0..<min(Self.chain, self.mapping.layout.board) {
            let entry = self.entry(name, number)
            switch self.mapping.board(entry, 0) {
            case name: return entry
            case 0: return nil
            default: continue
            }
        }
        return nil
    }

    /// The same, made where it is not there. Nil where there is no room: for names that clients choose already when three quarters
    /// are taken.
    public func enter(_ id: HealthID, isChosenByClients: Bool = false) -> Int? {
        let name = self.name(id)
        for number in 0..<min(Self.chain, self.mapping.layout.board) {
            let entry = self.entry(name, number)
            while true {
                switch self.mapping.board(entry, 0) {
                case name: return entry
                case 0:
                    if isChosenByClients, self.taken >= self.mapping.layout.board / 4 * 3 { return nil }
                    guard self.mapping.isWritable else { return nil }
                    guard self.mapping.exchangeBoard(entry, 0, 0, name) else { continue }
                    self.countTaken()
                    return entry
                default: break
                }
                break
            }
        }
        return nil
    }

    /// Entries that have a name.
    public var taken: Int {
        Int(clamping: min(self.mapping.header(TableLayout.Header.boardTaken), UInt64(self.mapping.layout.board)))
    }

    private func countTaken() {
        for _ in 0..<SlotStore.tries {
            let taken = self.mapping.header(TableLayout.Header.boardTaken)
            if self.mapping.exchangeHeader(TableLayout.Header.boardTaken, taken, taken &+ 1) { return }
        }
    }

    // MARK: Words

    /// A word of an entry, from 1 to 7; 0 for what is not there.
    @inline(__always)
    public func load(_ entry: Int, _ word: Int) -> UInt64 { self.mapping.board(entry, word) }

    /// For a word that only this process writes.
    @inline(__always)
    public func store(_ entry: Int, _ word: Int, _ value: UInt64) {
        if word > 0 { self.mapping.setBoard(entry, word, value) }
    }

    /// Puts `value` in the place of `expected`; false where the word was another one.
    @inline(__always)
    public func exchange(_ entry: Int, _ word: Int, _ expected: UInt64, _ value: UInt64) -> Bool {
        word > 0 && self.mapping.exchangeBoard(entry, word, expected, value)
    }

    // MARK: Running calls

    /// Where the process at a place says how many calls it has running: a word that only it writes. Nil where there is no room,
    /// as with `enter`.
    public func runningWord(_ id: HealthID, place: Int, isChosenByClients: Bool = false) -> (entry: Int, word: Int)? {
        guard place >= 0, place < self.mapping.layout.places,
            let entry = self.enter(
                id.running(page: place / Self.placesOfPage), isChosenByClients: isChosenByClients)
        else { return nil }
        return (entry, place % Self.placesOfPage + 1)
    }

    /// What `runningWord` holds: with the instance, so that what a dead process has left counts no more.
    public static func running(_ count: UInt32, instance: UInt32) -> UInt64 { UInt64(instance) << 32 | UInt64(count) }

    /// The running calls of all processes that have a place.
    public func running(_ id: HealthID) -> UInt32 {
        var sum: UInt64 = 0
        let places = self.mapping.layout.places
        var page = 0
        while page * Self.placesOfPage < places {
            defer { page += 1 }
            let first = page * Self.placesOfPage
            guard let entry = self.find(id.running(page: page)) else { continue }
            for place in first..<min(places, first + Self.placesOfPage) {
                let word = self.mapping.board(entry, place - first + 1)
                let owner = self.mapping.owner(place)
                if owner != 0, word >> 32 == UInt64(owner) { sum += word & 0xFFFF_FFFF }
            }
        }
        return UInt32(clamping: sum)
    }
}
