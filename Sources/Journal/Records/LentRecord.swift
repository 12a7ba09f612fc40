public import Domain

/// The entries of a journal as they lie in a reader's buffer: numbers are copied, texts are lent for as long as the record is shown. Nothing is
/// allocated for one, and none is ever copied; its texts must not be kept either.
public enum LentRecord {
    /// `BeginRecord`.
    public struct Begin: ~Copyable {
        public let record: RecordID
        public let principal: Principal
        public let endpoint: Endpoint
        public let bodyBytes: UInt64
        public let fingerprint: UInt64
        public let zone: Int8
        public let traceID: LentText
        public let label: LentText
        public let tags: LentText
    }

    /// `AttemptRecord`.
    public struct Attempt: ~Copyable {
        public let record: RecordID
        public let number: UInt8
        public let price: UInt64
        public let startedAt: UInt64
        public let provider: LentText
        public let model: LentText
        public let keyName: LentText
    }

    /// `AttemptEndRecord`.
    public struct AttemptEnd: ~Copyable {
        public let record: RecordID
        public let number: UInt8
        public let status: UInt16
        public let billed: Billed
        public let usageSource: UsageSource
        public let finish: FinishReason
        public let usage: TokenUsage
        public let service: ServiceTier
        public let units: CallUnits?
        public let cost: Int64?
        public let connected: UInt64
        public let firstContent: UInt64
        public let total: UInt64
        public let replyBytes: UInt64
        public let error: LentText
    }

    /// `SettleRecord`.
    public struct Settle: ~Copyable {
        public let record: RecordID
        public let rank: SettleRank
        public let status: UInt16
        public let outcome: ClientOutcome
        public let finish: FinishReason
        public let isStream: Bool
        public let isCacheHit: Bool
        public let fault: GatewayError.Source?
        public let usageSource: UsageSource
        public let attempts: UInt8
        public let usage: TokenUsage
        public let cost: Int64?
        public let replyBytes: UInt64
        public let received: UInt64
        public let dispatched: UInt64
        public let firstByte: UInt64
        public let total: UInt64
        public let model: LentText
        public let provider: LentText
        public let modelSent: LentText
        public let error: LentText
        public let trail: LentText
    }
}
