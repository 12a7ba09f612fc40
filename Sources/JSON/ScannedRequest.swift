/// What one pass over a request body found: the members that matter to routing and limits, and where they stand.
///
/// Ranges are byte offsets in the body, exact, quotes and brackets included. A member that is null counts as absent,
/// but for `streamOptions` and the ranges of the output limits, whose places an edit needs.
public struct ScannedRequest: Hashable, Sendable {
    /// How `stream_options` stands in the body.
    public enum StreamOptions: Hashable, Sendable {
        case absent
        case null(Range<Int>)
        /// `includeUsage` is the range of that member's value, null included; nil where the member is missing.
        case object(Range<Int>, isEmpty: Bool, includeUsage: Range<Int>?)
    }

    /// The value of `model`, quotes included; null is in `nullModelRange`.
    public internal(set) var modelRange: Range<Int>?
    public internal(set) var nullModelRange: Range<Int>?
    /// The name in `model`: valid UTF-8 without control characters, escapes resolved. Empty where the member is absent.
    public internal(set) var model: [UInt8] = []
    public internal(set) var stream: Bool?
    public internal(set) var streamOptions: StreamOptions = .absent
    /// `include_usage` inside `stream_options`.
    public internal(set) var includeUsage: Bool?
    public internal(set) var temperature: Double?
    public internal(set) var maxTokens: Int64?
    public internal(set) var maxCompletionTokens: Int64?
    /// The values of `max_tokens` and `max_completion_tokens`, null included.
    public internal(set) var maxTokensRange: Range<Int>?
    public internal(set) var maxCompletionTokensRange: Range<Int>?
    public internal(set) var n: Int64?
    /// The value of `user`, of whatever type.
    public internal(set) var userRange: Range<Int>?
    /// The value of `messages`, of whatever type.
    public internal(set) var messagesRange: Range<Int>?
    /// The value of `input`, of whatever type.
    public internal(set) var inputRange: Range<Int>?
    /// The value of `system`, of whatever type.
    public internal(set) var systemRange: Range<Int>?
    /// The value of `prompt`, of whatever type.
    public internal(set) var promptRange: Range<Int>?
    /// How many prompts `prompt` holds: more than 1 for a list of texts, or of lists of tokens.
    public internal(set) var promptCount = 1
    /// The value of `tools`, of whatever type.
    public internal(set) var toolsRange: Range<Int>?
    /// The offset just behind the opening brace.
    public internal(set) var objectStart = 0
    /// How many members the object has, unknown ones included.
    public internal(set) var memberCount = 0

    /// Whether the object has no member at all.
    public var isEmpty: Bool { self.memberCount == 0 }

    /// The value of `stream_options`; nil where it is absent or null.
    public var streamOptionsRange: Range<Int>? {
        guard case .object(let range, _, _) = self.streamOptions else { return nil }
        return range
    }

    /// The bytes of `messages`, `system`, `input` and `prompt` together: what bounds the prompt.
    public var promptBytes: Int {
        [self.messagesRange, self.systemRange, self.inputRange, self.promptRange].reduce(0) { $0 &+ ($1?.count ?? 0) }
    }
}
