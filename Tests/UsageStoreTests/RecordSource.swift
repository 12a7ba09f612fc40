import Domain
import Journal

@testable import UsageStore

/// Makes the records of requests as edges and upstreams would write them.
struct RecordSource {
    private var edge: RecordIDMinter
    let host: UInt32 = 0xABCDEF
    let edgeInstance: UInt32
    private(set) var milliseconds: UInt64

    init(edgeInstance: UInt32 = 7, milliseconds: UInt64 = 1_790_000_000_000) {
        self.edgeInstance = edgeInstance
        self.edge = RecordIDMinter(host: 0xABCDEF, instance: edgeInstance)
        self.milliseconds = milliseconds
    }

    mutating func mint(after: UInt64 = 1) -> RecordID {
        self.milliseconds += after
        return self.edge.mint(milliseconds: self.milliseconds)
    }

    static func begin(_ record: RecordID, principal: Principal = .staticKey, label: String = "") -> BeginRecord {
        BeginRecord(
            record: record, principal: principal, endpoint: .chatCompletions, bodyBytes: 1234,
            fingerprint: 0xF00D_0000_0000_0000 | record.low & 0xFFFF, label: Array(label.utf8))
    }

    static func attempt(_ record: RecordID, _ number: UInt8 = 1, price: UInt64 = 77) -> AttemptRecord {
        AttemptRecord(
            record: record, number: number, provider: Array("openai".utf8), model: Array("gpt-4o-mini-2024".utf8),
            keyName: Array("main".utf8), price: price, startedAt: record.milliseconds + 2)
    }

    static func attemptEnd(
        _ record: RecordID, _ number: UInt8 = 1, billed: Billed = .yes, cost: Int64? = 4_200
    ) -> AttemptEndRecord {
        let usage = TokenUsage(input: 100, cacheRead: 10, output: 20, reasoning: 5, image: 3)
        return AttemptEndRecord(
            record: record, number: number, status: billed == .no ? 500 : 200, billed: billed,
            usageSource: billed == .no ? .none : .provider, usage: billed == .no ? TokenUsage() : usage,
            cost: billed == .no ? 0 : cost, finish: .stop, connected: 300, firstContent: 90_000, total: 180_000,
            replyBytes: 900)
    }

    static func settle(
        _ record: RecordID, rank: SettleRank = .edge, status: UInt16 = 200, outcome: ClientOutcome = .complete,
        model: String = "fast", cost: Int64? = 4_200, error: String = ""
    ) -> SettleRecord {
        SettleRecord(
            record: record, rank: rank, status: status, outcome: outcome, finish: .stop, isStream: true,
            model: Array(model.utf8), provider: Array("openai".utf8), modelSent: Array("gpt-4o-mini-2024".utf8),
            usage: TokenUsage(input: 100, cacheRead: 10, output: 20, reasoning: 5, image: 3), usageSource: .provider,
            cost: cost, attempts: 1, error: Array(error.utf8), replyBytes: 950, received: 120, dispatched: 250,
            firstByte: 91_000, total: 190_000)
    }

    /// The four records of a request without trouble.
    static func all(_ record: RecordID) -> [JournalRecord] {
        [
            .begin(Self.begin(record)), .attempt(Self.attempt(record)), .attemptEnd(Self.attemptEnd(record)),
            .settle(Self.settle(record)),
        ]
    }
}
