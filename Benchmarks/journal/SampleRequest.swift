import Domain
import Journal

/// The records of a usual request.
enum SampleRequest {
    private static let model = Array("gpt-4o-mini".utf8)
    private static let provider = Array("openai".utf8)
    private static let modelSent = Array("gpt-4o-mini-2024-07-18".utf8)
    private static let trace = [UInt8](repeating: 7, count: 16)
    private static let label = Array("a client's own request id 0001".utf8)
    private static let tags = Array("team=search,env=production".utf8)

    static func begin(_ number: UInt64) -> BeginRecord {
        BeginRecord(
            record: RecordID(high: 1, low: number), principal: .staticKey, endpoint: .chatCompletions, bodyBytes: 1200,
            fingerprint: number, traceID: SampleRequest.trace, label: SampleRequest.label, tags: SampleRequest.tags)
    }

    static func settle(_ number: UInt64) -> SettleRecord {
        SettleRecord(
            record: RecordID(high: 1, low: number), rank: .edge, status: 200, outcome: .complete, finish: .stop,
            model: SampleRequest.model, provider: SampleRequest.provider, modelSent: SampleRequest.modelSent,
            usage: TokenUsage(input: 300, cacheRead: 1024, output: 250), usageSource: .provider, cost: 1_234_567,
            attempts: 1, replyBytes: 2400, received: 100, dispatched: 150, firstByte: 200_000, total: 900_000)
    }
}
