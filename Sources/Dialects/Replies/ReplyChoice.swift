public import Domain
public import JSON

/// One of a reply's alternatives.
public struct ReplyChoice: Hashable, Sendable {
    public var index: Int
    /// In the order they came: `text`, `refusal`, `thinking`, `redactedThinking`, `toolCall`, and `opaque` for what only
    /// the provider's dialect knows, such as the provider's own tools at work.
    public var parts: [Part]
    public var finish: ReplyFinish
    public var logprobs: JSONValue?
    /// Further members of the message and of the choice, as the provider names them.
    public var messageExtras: [JSONValue.Member]
    public var extras: [JSONValue.Member]

    public init(
        index: Int = 0, parts: [Part] = [], finish: ReplyFinish = ReplyFinish(.stop), logprobs: JSONValue? = nil,
        messageExtras: [JSONValue.Member] = [], extras: [JSONValue.Member] = []
    ) {
        self.index = index
        self.parts = parts
        self.finish = finish
        self.logprobs = logprobs
        self.messageExtras = messageExtras
        self.extras = extras
    }
}
