internal import JSON

/// How many bytes of prompt a conversation holds, for estimates of its tokens where no provider counts them.
///
/// Text counts as it is: instructions, messages, calls with their arguments, results, and the tools' definitions as JSON. What
/// stands for images and documents says little about their tokens, so each counts as a fixed number of tokens, at four
/// bytes each: an image as 1,600 (what the largest one takes at Anthropic), a document as 2,000 for each page, of which a
/// base64 one has one per 64 KiB and others have one.
enum PromptSize {
    static let bytesPerToken = 4
    static let imageTokens = 1600
    static let pageTokens = 2000
    private static let bytesPerPage = 64 << 10
    /// What the frame of a message takes: role and separators.
    private static let turnTokens = 4

    /// At most what fits into 32 bits, however large the request is.
    static func bytes(_ conversation: Conversation) -> Int {
        var count = 0
        for turn in conversation.turns {
            self.add(self.turnTokens * self.bytesPerToken, to: &count)
            for part in turn.parts { self.add(self.bytes(part), to: &count) }
        }
        for tool in conversation.tools { self.add(self.bytes(tool), to: &count) }
        if case .schema(let name, let description, let schema, _) = conversation.format {
            self.add(name.count, to: &count)
            self.add(description?.count ?? 0, to: &count)
            self.add(self.bytes(schema), to: &count)
        }
        return count
    }

    private static func bytes(_ part: Part) -> Int {
        switch part {
        case .text(let text): return text.text.count
        case .image: return self.imageTokens * self.bytesPerToken
        case .document(let document):
            let title = document.title?.count ?? 0
            switch document.source {
            case .text(let text): return text.count &+ title
            case .base64(_, let data): return self.pages(data.count / self.bytesPerPage &+ 1) &+ title
            case .url, .file: return self.pages(1) &+ title
            }
        // About ten tokens a second of sound; base64 of compressed sound has some 20,000 bytes a second.
        case .audio(let audio): return audio.data.count / 500
        case .toolCall(let call): return call.name.count &+ call.arguments.count
        case .toolResult(let result):
            var count = 0
            for part in result.parts { self.add(self.bytes(part), to: &count) }
            return count
        case .thinking(let thinking): return thinking.text.count
        // Sealed thoughts of earlier turns are not counted by their provider.
        case .redactedThinking: return 0
        case .refusal(let text): return text.count
        case .opaque(let value): return self.bytes(value)
        }
    }

    private static func bytes(_ tool: ToolDefinition) -> Int {
        switch tool {
        case .opaque(let value): self.bytes(value)
        case .function(let function):
            function.name.count &+ (function.description?.count ?? 0)
                &+ (function.parameters.map(self.bytes) ?? 0)
        }
    }

    private static func bytes(_ value: JSONValue) -> Int {
        var writer = JSONWriter()
        writer.value(value)
        return writer.bytes.count
    }

    private static func pages(_ count: Int) -> Int { min(count, 1 << 16) * self.pageTokens * self.bytesPerToken }

    private static func add(_ bytes: Int, to count: inout Int) {
        count = min(count &+ min(max(0, bytes), 1 << 32), 1 << 32)
    }
}
