public import Domain
internal import JSON

/// Turns a client's request into what a provider of another dialect, or with peculiarities, takes. Pure.
public enum RequestTranslator {
    /// `body` is the client's, with the edits that every request gets, of which `capacity` bytes can be read from its start.
    ///
    /// Throws the client's fault: what is no valid request of the front door, or what the provider cannot do; `param` names the
    /// member.
    public static func translate(
        _ body: UnsafeRawBufferPointer, capacity: Int, _ context: TranslationContext, reader: DialectReader
    ) throws(GatewayError) -> TranslatedRequest {
        let door = context.endpoint
        guard let target = context.row.target(of: door) else { throw self.noEndpoint(context) }
        guard target == door else {
            let tree = try unsafe self.tree(body, capacity: capacity, reader)
            return try self.translated(tree, to: target, context, reader)
        }
        guard !context.row.isExact, !door.isAnthropic else { return .exact }
        let edits = try unsafe FamilyRequestEdit.edits(
            body, capacity: capacity, target: target, editsMessages: true, context, reader: reader)
        guard edits.urls.isEmpty else {
            let rest = unsafe PendingRequest.Rest.body(Array(body), splices: edits.splices, holes: edits.holes)
            return .needsImages(PendingRequest(urls: edits.urls, rest: rest))
        }
        guard !edits.splices.isEmpty, let edited = unsafe BodySplice.apply(edits.splices, to: body) else {
            return .exact
        }
        return .body(edited)
    }

    // MARK: Through the middle

    private static func translated(
        _ tree: JSONValue, to target: Endpoint, _ context: TranslationContext, _ reader: DialectReader
    ) throws(GatewayError) -> TranslatedRequest {
        let conversation: Conversation
        switch context.endpoint {
        case .messages, .countTokens: conversation = try AnthropicRequestReader.read(tree, context)
        case .completions: conversation = try CompletionRequestReader.read(tree, context)
        default: conversation = try OpenAIRequestReader.read(tree, context)
        }
        if context.endpoint == .countTokens { return .countHere(promptBytes: PromptSize.bytes(conversation)) }
        guard target != .messages else {
            return .body(try AnthropicRequestWriter.write(conversation, context, reader: reader))
        }
        // Also finds, before an image is fetched, what the provider cannot do.
        let body = try self.family(conversation, context, reader: reader)
        let urls = context.row.takesImageURLs ? [] : conversation.imageURLs
        guard !urls.isEmpty else { return .body(body) }
        guard context.fetchesImages else {
            throw Unsupported(context).imageURL(conversation.firstImagePath(context) ?? "messages")
        }
        return .needsImages(PendingRequest(urls: urls, rest: .conversation(conversation, context, reader)))
    }

    /// The conversation as a chat request of OpenAI's family, with the row's rules applied.
    static func family(
        _ conversation: Conversation, _ context: TranslationContext, reader: DialectReader
    ) throws(GatewayError) -> [UInt8] {
        let body = try OpenAIRequestWriter(context).write(conversation)
        guard !context.row.rules.isEmpty else { return body }
        let edits = unsafe body.withUnsafeBytes { bytes in
            Result { () throws(GatewayError) in
                try unsafe FamilyRequestEdit.edits(
                    bytes, capacity: bytes.count, target: .chatCompletions, editsMessages: false, context,
                    reader: reader)
            }
        }
        let splices = try edits.get().splices
        return splices.isEmpty ? body : BodySplice.apply(splices, to: body) ?? body
    }

    private static func tree(
        _ body: UnsafeRawBufferPointer, capacity: Int, _ reader: DialectReader
    ) throws(GatewayError) -> JSONValue {
        do throws(JSONFault) {
            return try unsafe reader.trees.read(body, capacity: capacity, maximumBytes: .max)
        } catch {
            throw RequestFault.invalidJSON(error)
        }
    }

    private static func noEndpoint(_ context: TranslationContext) -> GatewayError {
        RequestFault.error(
            "unsupported_endpoint",
            "Provider '\(context.provider)' (\(context.row.title)) has no \(context.endpoint.path.dropFirst()).", nil)
    }
}
