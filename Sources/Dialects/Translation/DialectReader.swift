internal import JSON

/// What all translations of a loop share: JSON readers and their memory. Lives on one loop; keeps nothing between two calls.
public final class DialectReader {
    /// For what passes unchanged.
    public let openAI = OpenAIReplyReader()
    /// For streams: walks an event's JSON without building anything.
    let indexer = JSONIndexer()
    /// For requests and whole replies, every value of which is validated.
    let trees = JSONReader()

    public init() {}
}
