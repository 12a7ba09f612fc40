public import Domain

/// How a provider call failed, as far as it matters for what is done next.
public struct CallFailure: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// No connection, no TLS, no name, or not in time: the provider has got nothing.
        case connect
        /// The connection broke before any of the reply came.
        case reset
        /// No first token in time.
        case firstToken
        /// A deadline within the reply, before any content.
        case stalled
        /// An error status, or an error in the body of a reply that says success: then with the status it amounts to.
        case status(UInt16)
        /// What came is not what was asked for.
        case badReply
        /// The gateway itself cannot make the call: no memory, no room in the journal, a request that cannot be translated.
        case own
    }

    public var kind: Kind
    /// Some of the answer went to the client: nothing can be tried any more.
    public var hadContent: Bool
    /// What the provider said of trying again.
    public var advice: RetryAdvice
    public var billed: Billed
    /// A reset of a kept connection that the provider had closed before, so soon that it has most likely not begun to work:
    /// says nothing of how the provider is.
    public var metDeadConnection: Bool
    /// A status 403 of a provider that refuses so what its moderation does not let pass: it blames the request, not the key.
    public var blamesRequest = false

    public init(
        _ kind: Kind, hadContent: Bool = false, advice: RetryAdvice = RetryAdvice(), billed: Billed = .no,
        metDeadConnection: Bool = false
    ) {
        self.kind = kind
        self.hadContent = hadContent
        self.advice = advice
        self.billed = billed
        self.metDeadConnection = metDeadConnection
    }
}
