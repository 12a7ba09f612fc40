public import Domain

/// What somebody who follows requests has been told so far: up to which record, which of the last minute, and which are not over yet.
///
/// Records come in no strict order: a request gets its name with its head and its row with its body, and another host may be behind. So the
/// last minute is looked through again and again for what was not there before. Bounded; `UsageReader.follow` works with it.
public struct RequestFollower: Hashable, Sendable {
    /// Milliseconds for which a record may come late, where there are not more than `maximumSeen` requests in them.
    public static let window: UInt64 = 60_000
    /// Milliseconds between two looks for what came late.
    static let latePause: UInt64 = 1000
    /// Milliseconds for which requests are looked for that are not over.
    static let longest: UInt64 = 3_600_000
    static let maximumSeen = 50_000
    static let maximumOpen = 10_000

    /// Where it begins.
    public enum Start: Hashable, Sendable {
        case now
        /// With the requests that came from then on, in milliseconds since 1970.
        case since(UInt64)
        /// Behind a record; what was over since then (in milliseconds since 1970) of the minute before is told, too, perhaps again.
        case after(RecordID, endedSince: UInt64)
    }

    let start: Start
    /// Only its requests; nil: all.
    public let organization: EntityID?
    var isPrimed = false
    /// The last record that was looked at.
    public internal(set) var watermark = RecordID(high: 0, low: 0)
    /// All from `seenFrom` to `watermark` that were there, in their order.
    private(set) var seen: [RecordID] = []
    private(set) var seenFrom = RecordID(high: 0, low: 0)
    /// Those that are not over, and whether anybody is to be told of them.
    private(set) var open: [RecordID: Bool] = [:]
    /// When it was looked for late ones, in milliseconds since 1970.
    var lookedForLate: UInt64 = 0

    /// Only the requests of `organization` where it is given.
    public init(_ start: Start, organization: EntityID? = nil) {
        self.start = start
        self.organization = organization
        switch start {
        case .now: break
        case .since(let time): self.watermark = RecordID.first(atMilliseconds: time)
        case .after(let record, _): self.watermark = record
        }
    }

    /// Whether a record was there before; true as well for what is too old to be known.
    func hasSeen(_ record: RecordID) -> Bool {
        guard record >= self.seenFrom else { return true }
        let place = self.place(of: record)
        return place < self.seen.count && self.seen[place] == record
    }

    /// Begins with what is there.
    mutating func prime(_ watermark: RecordID, seen: [RecordID], from: RecordID, open: [RecordID]) {
        self.isPrimed = true
        self.watermark = watermark
        self.seen = seen
        self.seenFrom = from
        for record in open.prefix(Self.maximumOpen) where record <= watermark { self.open[record] = true }
    }

    /// A record is there: the next, or one that came late.
    mutating func see(_ record: RecordID, isOpen: Bool, isMeant: Bool) {
        if record > self.watermark { self.watermark = record }
        if isOpen, self.open.count < Self.maximumOpen { self.open[record] = isMeant }
        if let last = self.seen.last, record <= last {
            let place = self.place(of: record)
            guard record >= self.seenFrom, self.seen[place] != record else { return }
            self.seen.insert(record, at: place)
        } else {
            self.seen.append(record)
        }
    }

    mutating func close(_ record: RecordID) {
        self.open[record] = nil
    }

    /// Forgets what is longer ago than `window`, and what is too much; `now` in milliseconds since 1970.
    mutating func forget(now: UInt64) {
        let first = Self.first(watermark: self.watermark, now: now)
        if first > self.seenFrom { self.seenFrom = first }
        var dropped = self.place(of: self.seenFrom)
        if self.seen.count - dropped > Self.maximumSeen {
            dropped = self.seen.count - Self.maximumSeen
            self.seenFrom = self.seen[dropped]
        }
        // Not at every turn: what is behind has to move.
        if dropped > 1000 || self.seen.count > Self.maximumSeen { self.seen.removeFirst(dropped) }
    }

    /// Where the window begins. A record of a clock that is ahead does not move it.
    static func first(watermark: RecordID, now: UInt64) -> RecordID {
        let end = min(watermark.milliseconds, now)
        return RecordID.first(atMilliseconds: end > self.window ? end - self.window : 0)
    }

    /// The place of the first that is not before `record`.
    private func place(of record: RecordID) -> Int {
        var (low, high) = (0, self.seen.count)
        while low < high {
            let middle = (low + high) / 2
            if self.seen[middle] < record { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
