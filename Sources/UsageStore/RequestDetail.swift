public import Domain

/// What is packed into `requests.detail`: parts of a record that are looked at one request at a time.
///
/// In this order: finish, flags (as in SETTLE's record), attempts, bytes of the reply, µs until the body was whole, µs until it was handed to an
/// upstream; then the tokens of the rare classes, if there are any: a mask of `TokenClass` bits and their numbers; then the
/// trail, if there is one (with a mask before it in any case). Older rows have none.
public struct RequestDetail: Hashable, Sendable {
    public var finish = FinishReason.none
    public var isStream = false
    /// Another request's call, or a stored reply, has answered it.
    public var isCacheHit = false
    /// Whose fault it was that it ended with an error, or a status of 400 or more; nil for other ends, and in older rows.
    public var fault: GatewayError.Source?
    public var attempts: UInt8 = 0
    public var replyBytes: UInt64 = 0
    public var received: UInt64 = 0
    public var dispatched: UInt64 = 0
    /// Only the classes without a column of their own.
    public var rareUsage = TokenUsage()
    /// `DecisionTrail.packed`, or nothing.
    public var trail: [UInt8] = []

    init() {}

    /// `withTrail` false leaves the trail away, for sums.
    init(_ bytes: [UInt8], withTrail: Bool = true) {
        var reader = PackedReader(bytes)
        self.finish = FinishReason(rawValue: reader.nextByte()) ?? .other
        let flags = reader.nextByte()
        self.isStream = flags & 1 != 0
        self.isCacheHit = flags & 2 != 0
        self.fault = flags >> 2 == 0 ? nil : GatewayError.Source(rawValue: flags >> 2 &- 1)
        self.attempts = reader.nextByte()
        self.replyBytes = reader.next()
        self.received = reader.next()
        self.dispatched = reader.next()
        self.rareUsage = TokenUsage(packed: &reader)
        if withTrail { self.trail = reader.rest }
    }
}

extension TokenClass {
    /// Whether `requests` has a column for it.
    var hasColumn: Bool {
        switch self {
        case .input, .cacheRead, .output, .reasoning: true
        case .cacheWrite, .cacheWriteHour, .audioInput, .audioOutput, .image, .cacheReadAudio, .cacheReadImage,
            .imageOutput, .videoInput, .videoOutput, .citation:
            false
        }
    }
}

extension TokenUsage {
    init(packed reader: inout PackedReader) {
        self.init()
        let mask = reader.next()
        guard mask != 0 else { return }
        for tokenClass in TokenClass.allCases where mask & 1 << UInt64(tokenClass.rawValue) != 0 {
            self[tokenClass] = reader.nextSigned()
        }
    }
}
