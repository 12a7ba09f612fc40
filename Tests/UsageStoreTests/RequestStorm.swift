import Domain
import Journal
import TestSupport

@testable import UsageStore

/// Requests by chance, as journals of many edges and upstreams would tell of them: late, twice, in any order, settled by several.
struct RequestStorm {
    /// Records of the storm, in the order in which they come.
    typealias Batch = [JournalRecord]

    private var random: SplitMix
    private var minters: [RecordIDMinter]
    private let start: UInt64
    private let span: UInt64
    private let principals: [Principal]
    private let models: Int
    private let zones: [Int8]
    /// What has been told already, and may be told again.
    private var told: [JournalRecord] = []
    /// What comes later.
    private var late: [JournalRecord] = []

    /// Requests of `span` milliseconds from `start` on.
    init(
        seed: UInt64, host: UInt32 = 0xABCDEF, start: UInt64 = 1_790_000_000_000, span: UInt64 = 4 * 86_400_000,
        projects: Int = 3, keys: Int = 3, models: Int = 4
    ) {
        self.random = SplitMix(seed: seed)
        self.minters = (1...4).map { RecordIDMinter(host: host, instance: $0) }
        self.start = start
        self.span = span
        self.models = models
        self.zones = [0, 0, 4, -20, 22, 56]
        self.principals = (0..<projects).flatMap { project in
            (0..<keys).map { key in
                Principal(
                    organization: EntityID(high: 1, low: UInt64(project % 2)),
                    project: EntityID(high: 2, low: UInt64(project)),
                    key: EntityID(high: 3, low: UInt64(project * keys + key)),
                    user: key % 3 == 0 ? nil : EntityID(high: 4, low: UInt64(key % 2)))
            }
        }
    }

    private mutating func below(_ bound: Int) -> Int { Int(self.random.next() % UInt64(max(1, bound))) }
    private mutating func chance(_ percent: Int) -> Bool { self.below(100) < percent }

    /// Everything that tells of some more requests, with some of it left for later, some of what was left, and some repeated.
    mutating func batch(requests: Int) -> Batch {
        var batch: [JournalRecord] = []
        for _ in 0..<requests {
            for record in self.request() {
                if self.chance(8) { self.late.append(record) } else { batch.append(record) }
            }
        }
        let due = self.late.count / 3
        for _ in 0..<due { batch.append(self.late.remove(at: self.below(self.late.count))) }
        for _ in 0..<min(self.told.count, requests / 10) { batch.append(self.told[self.below(self.told.count)]) }
        if self.chance(70) { batch.shuffle(using: &self.random) }
        for record in batch.prefix(requests / 4) {
            if self.told.count < 4000 { self.told.append(record) } else { self.told[self.below(4000)] = record }
        }
        return batch
    }

    /// All that was left for later.
    mutating func rest() -> Batch {
        defer { self.late = [] }
        return self.late
    }

    private mutating func request() -> [JournalRecord] {
        let edge = self.below(self.minters.count)
        let record = self.minters[edge].mint(milliseconds: self.start + self.random.next() % self.span)
        var begin = RecordSource.begin(record, principal: self.principals[self.below(self.principals.count)])
        begin.zone = self.zones[self.below(self.zones.count)]
        var records: [JournalRecord] = [.begin(begin)]
        for number in 1...UInt8(1 + self.below(10) / 9) {
            records.append(.attempt(RecordSource.attempt(record, number)))
            if self.chance(95) { records.append(.attemptEnd(self.end(record, number))) }
        }
        if self.chance(90) { records.append(.settle(self.settle(record, .edge))) }
        if self.chance(10) { records.append(.settle(self.settle(record, .upstream))) }
        if self.chance(3) { records.append(.settle(self.settle(record, .recovery))) }
        return records
    }

    private mutating func end(_ record: RecordID, _ number: UInt8) -> AttemptEndRecord {
        var end = RecordSource.attemptEnd(record, number, billed: self.chance(5) ? .no : .yes)
        if self.chance(50) { end.cost = Int64(self.below(1_000_000)) }
        return end
    }

    private mutating func settle(_ record: RecordID, _ rank: SettleRank) -> SettleRecord {
        var settle = RecordSource.settle(record, rank: rank, model: "model \(self.below(self.models))")
        settle.provider = Array("provider \(self.below(2))".utf8)
        settle.modelSent = Array("sent \(self.below(2))".utf8)
        settle.cost = self.chance(4) ? nil : Int64(self.below(10_000_000))
        settle.usage = TokenUsage(input: Int64(self.below(5000)), output: Int64(self.below(900)))
        if self.chance(20) { settle.usage.cacheWriteHour = Int64(self.below(900)) }
        settle.usageSource = self.chance(10) ? .estimated : .provider
        settle.total = self.random.next() >> UInt64(24 + self.below(36))
        settle.firstByte = settle.total / 3
        settle.isCacheHit = self.chance(3)
        guard self.chance(15) else { return settle }
        settle.status = [400, 401, 429, 429, 500, 502, 503, 504, 200][self.below(9)]
        settle.outcome = self.chance(60) ? .error : .complete
        settle.attempts = UInt8(self.below(2))
        settle.fault = self.chance(20) ? nil : GatewayError.Source(rawValue: UInt8(self.below(3)))
        settle.error = Array(
            ["", "upstream_lost", "provider_timeout", "rate_limit_exceeded", "whatever"][self.below(5)].utf8)
        if self.chance(10) { settle.outcome = .disconnected }
        return settle
    }
}
