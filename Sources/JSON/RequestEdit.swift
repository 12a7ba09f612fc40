public import Domain

/// The changes that a pass-through request needs before it goes to a provider of the same dialect.
///
/// Pure. Only `model`, `stream_options` and the members that limit the output are touched; every other byte stays as the
/// client sent it.
public enum RequestEdit {
    /// How much output a request may ask for.
    public struct OutputLimit: Hashable, Sendable {
        /// Tokens of each choice, 1 or more.
        public var tokens: Int64
        /// What is inserted where the client has sent neither member.
        public var member: ModelFacts.OutputLimitMember
        /// The front door knows `max_tokens` alone.
        public var isOnlyMember: Bool

        public init(tokens: Int64, member: ModelFacts.OutputLimitMember, isOnlyMember: Bool = false) {
            self.tokens = tokens
            self.member = member
            self.isOnlyMember = isOnlyMember
        }
    }

    /// The splices, ascending, for the body that `request` was scanned from.
    ///
    /// `model` (UTF-8) becomes the model's name, in a body that has none as well; nil leaves it. `injectUsage` makes `stream_options.include_usage`
    /// true and keeps the other stream options. With `outputLimit` no member asks for more output than that. An edit that is not
    /// needed is left out.
    public static func splices(
        for request: ScannedRequest, model: [UInt8]? = nil, injectUsage: Bool, outputLimit: OutputLimit? = nil
    ) -> [BodySplice] {
        var splices: [BodySplice] = []
        // What becomes a member of its own, with a comma behind each.
        var members: [UInt8] = []
        if let model { self.setModel(model, request, &splices, &members) }
        if injectUsage { self.addUsage(request, &splices, &members) }
        if let outputLimit { self.addOutputLimit(outputLimit, request, &splices, &members) }
        if !members.isEmpty {
            if request.isEmpty { members.removeLast() }
            splices.append(BodySplice(offset: request.objectStart, removed: 0, replacement: members))
        }
        if splices.count > 1 { splices.sort { $0.offset < $1.offset } }
        return splices
    }

    // MARK: Model

    private static func setModel(
        _ model: [UInt8], _ request: ScannedRequest, _ splices: inout [BodySplice], _ members: inout [UInt8]
    ) {
        let range = request.modelRange ?? request.nullModelRange
        var writer = range == nil ? JSONWriter(appendingTo: Array(#""model":"#.utf8)) : JSONWriter()
        writer.string(model)
        if let range {
            splices.append(BodySplice(offset: range.lowerBound, removed: range.count, replacement: writer.bytes))
        } else {
            members += writer.bytes + [UInt8(ascii: ",")]
        }
    }

    // MARK: Usage

    private static func addUsage(_ request: ScannedRequest, _ splices: inout [BodySplice], _ members: inout [UInt8]) {
        switch request.streamOptions {
        case .absent: members += #""stream_options":{"include_usage":true},"#.utf8
        case .null(let range): splices.append(self.replacement(of: range, #"{"include_usage":true}"#))
        case .object(_, _, let value?):
            if request.includeUsage != true { splices.append(self.replacement(of: value, "true")) }
        case .object(let range, let isEmpty, nil):
            splices.append(
                BodySplice(
                    offset: range.lowerBound &+ 1, removed: 0,
                    replacement: Array((isEmpty ? #""include_usage":true"# : #""include_usage":true,"#).utf8)))
        }
    }

    // MARK: Output

    /// Servers differ in which of the two members they obey where both are there, so both are cut down. Where only
    /// `max_tokens` exists, the other one bounds nothing.
    private static func addOutputLimit(
        _ limit: OutputLimit, _ request: ScannedRequest, _ splices: inout [BodySplice], _ members: inout [UInt8]
    ) {
        let sent = [
            (request.maxTokens, request.maxTokensRange),
            (request.maxCompletionTokens, request.maxCompletionTokensRange),
        ]
        // A number below 1 means "as much as you like" to some servers.
        for case (let value?, let range?) in sent where value < 1 || value > limit.tokens {
            splices.append(self.replacement(of: range, "\(limit.tokens)"))
        }
        let counting = limit.isOnlyMember ? sent.prefix(1) : sent.prefix(2)
        guard !counting.contains(where: { $0.0 != nil }) else { return }
        let (range, name) =
            switch limit.member {
            case .maxTokens: (request.maxTokensRange, "max_tokens")
            case .maxCompletionTokens: (request.maxCompletionTokensRange, "max_completion_tokens")
            }
        if let range {
            splices.append(self.replacement(of: range, "\(limit.tokens)"))
        } else {
            members += "\"\(name)\":\(limit.tokens),".utf8
        }
    }

    private static func replacement(of range: Range<Int>, _ text: String) -> BodySplice {
        BodySplice(offset: range.lowerBound, removed: range.count, replacement: Array(text.utf8))
    }
}
