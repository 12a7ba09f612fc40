public import Domain

/// What one event of an OpenAI-like stream means to the gateway.
public struct OpenAIStreamEvent: Hashable, Sendable {
    /// The event's part in the stream.
    public enum Kind: UInt8, Sendable {
        /// No data: comments, blank lines, other fields.
        case comment
        /// `[DONE]`
        case done
        /// A chunk without anything for the client yet: no choices, or deltas with a role and nothing else.
        case preamble
        /// A chunk that holds something for the client.
        case content
        /// A chunk with empty choices and a usage object.
        case usageOnly
        /// A chunk that holds an error.
        case error
        /// Data that is not a JSON object.
        case garbage
    }

    public var kind: Kind
    /// The usage that came with the event.
    public var usage: TokenUsage?
    /// What it says of the call besides.
    public var terms: UsageTerms
    /// A choice gave its reason for finishing.
    public var isFinish: Bool
    /// The reason; `none` where none was read.
    public var finish: FinishReason
    /// The choices that the event holds something of, as far as it was read, and those it finishes.
    public var choices: ChoiceSet
    public var finished: ChoiceSet

    public init(
        _ kind: Kind, usage: TokenUsage? = nil, terms: UsageTerms = UsageTerms(), isFinish: Bool = false,
        finish: FinishReason = .none,
        choices: ChoiceSet = ChoiceSet(), finished: ChoiceSet = ChoiceSet()
    ) {
        self.kind = kind
        self.usage = usage
        self.terms = terms
        self.isFinish = isFinish
        self.finish = finish
        self.choices = choices
        self.finished = finished
    }
}
