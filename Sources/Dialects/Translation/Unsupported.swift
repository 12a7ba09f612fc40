internal import Domain

/// What becomes of the members of a request that the provider has no word for: they are refused by name, or left out where the
/// configuration says `drop_unsupported: true`.
struct Unsupported {
    let provider: String
    let drops: Bool

    init(_ context: TranslationContext) {
        self.provider = context.provider
        self.drops = context.dropsUnsupported
    }

    /// Returns where the member is to be left out, else throws the refusal. `path` names it as the client wrote it, such as
    /// `seed` or `messages[2].content[0].input_audio`.
    ///
    /// The path is made for the refusal only: it takes a count of what stands in front of the member.
    func member(_ path: @autoclosure () -> String) throws(GatewayError) {
        guard self.drops else { throw self.refusal(path()) }
    }

    /// As `member`, with a sentence on what can be done instead.
    func member(_ path: @autoclosure () -> String, hint: String) throws(GatewayError) {
        guard self.drops else { throw self.refusal(path(), hint: hint) }
    }

    /// The refusal of what cannot be left out without changing what the request means: dropped by nobody.
    func refusal(
        _ path: String, hint: String = "`drop_unsupported: true` in the provider's configuration leaves it out."
    )
        -> GatewayError
    {
        RequestFault.error(
            "unsupported_parameter", "'\(path)' is not supported by provider '\(self.provider)'. \(hint)", path)
    }
}

extension Unsupported {
    /// The refusal of an image whose URL the provider would not fetch. Never left out: without it the request asks something else.
    func imageURL(_ path: String) -> GatewayError {
        self.refusal(
            path,
            hint: "It fetches no images: send them as base64, or let the gateway fetch them with `fetch_images: true`.")
    }
}
