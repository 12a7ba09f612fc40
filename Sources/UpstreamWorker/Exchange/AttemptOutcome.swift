internal import Domain

/// A provider call that is over, as far as the exchange saw it; what it used and cost is still to be worked out.
struct AttemptOutcome: Hashable {
    /// From 1.
    var number: UInt8
    var evidence: AttemptEvidence
    /// The failure's code, nil for a reply that came whole.
    var error: String?
    /// Microseconds from the start of the call, 0 for what was not reached.
    var connected: UInt64
    var firstContent: UInt64
    var total: UInt64
    /// Bytes of the reply's body that came.
    var replyBytes: UInt64
}
