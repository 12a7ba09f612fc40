internal import Domain

/// Writes a stream as one front door's clients expect it. Pure.
///
/// Whatever order providers keep, what it writes follows the dialect's grammar: one name for the whole stream, a role once,
/// blocks that begin before they go on, each choice's reason for finishing once, at the end.
protocol StreamEncoder {
    /// Appends the server-sent events that say it; nothing where the dialect has no word for it, or not yet.
    ///
    /// `error` and `done` never come here.
    mutating func encode(_ event: ReplyEvent, into output: inout [UInt8])

    /// The reply is whole: appends what ends the stream. `usage` is what it cost; estimated where the provider did not say.
    mutating func end(usage: TokenUsage?, isEstimated: Bool, into output: inout [UInt8])
}
