extension ReplyStream {
    /// How a stream ended.
    public enum End: Hashable, Sendable {
        /// As its dialect ends one (`[DONE]`, `message_stop`), with a finish reason of each choice seen, or with an error event of
        /// the provider's.
        case complete
        /// Without any of them.
        case truncated
        /// Before any content; nothing was released.
        case noContent
    }
}
