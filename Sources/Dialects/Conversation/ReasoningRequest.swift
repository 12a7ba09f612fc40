/// How much a model is to think before it answers.
public struct ReasoningRequest: Hashable, Sendable {
    public enum Amount: Hashable, Sendable {
        case off
        /// As much as the model finds right.
        case adaptive
        /// Tokens.
        case budget(Int64)
    }

    /// nil where only `effort` is given.
    public var amount: Amount?
    /// OpenAI's words: none, minimal, low, medium, high, xhigh, max.
    public var effort: [UInt8]?
    /// Anthropic's `display`, such as `summarized` or `omitted`.
    public var display: [UInt8]?

    public init(amount: Amount? = nil, effort: [UInt8]? = nil, display: [UInt8]? = nil) {
        self.amount = amount
        self.effort = effort
        self.display = display
    }
}
