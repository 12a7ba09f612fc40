internal import JSON

/// Writes an assistant's earlier thoughts in the one provider's words that takes them, or not at all. Pure.
struct OpenAIThoughtWriter {
    private let member: ProviderRow.ThoughtMember
    private var thoughts: [ThinkingPart] = []
    private var redacted: [[UInt8]] = []

    init(_ member: ProviderRow.ThoughtMember) {
        self.member = member
    }

    mutating func add(_ thinking: ThinkingPart) { self.thoughts.append(thinking) }

    mutating func add(redacted data: [UInt8]) { self.redacted.append(data) }

    private var text: [UInt8] { Array(self.thoughts.map(\.text).joined(separator: [0x0A])) }

    /// The part in front of the message's content, as JSON; nil where thoughts are no part.
    var contentPart: [UInt8]? {
        guard self.member == .thinkingPart, !self.thoughts.isEmpty else { return nil }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("type")
        writer.string("thinking")
        writer.key("thinking")
        writer.beginArray()
        for thought in self.thoughts {
            writer.beginObject()
            writer.key("type")
            writer.string("text")
            writer.key("text")
            writer.string(thought.text)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    /// The members of the message that is open.
    func writeMembers(_ writer: inout JSONWriter) {
        switch self.member {
        case .none, .thinkingPart: break
        case .reasoningContent: self.write("reasoning_content", &writer)
        case .reasoning, .reasoningDetails: self.write("reasoning", &writer)
        case .blocks:
            self.write("reasoning_content", &writer)
            self.writeBlocks(&writer)
        }
    }

    private func write(_ key: StaticString, _ writer: inout JSONWriter) {
        guard !self.thoughts.isEmpty else { return }
        writer.key(key)
        writer.string(self.text)
    }

    /// Only what is signed: a block without its signature is an error to Anthropic.
    private func writeBlocks(_ writer: inout JSONWriter) {
        let signed = self.thoughts.filter { !$0.signature.isEmpty }
        guard !signed.isEmpty || !self.redacted.isEmpty else { return }
        writer.key("thinking_blocks")
        writer.beginArray()
        for thought in signed {
            writer.beginObject()
            writer.key("type")
            writer.string("thinking")
            writer.key("thinking")
            writer.string(thought.text)
            writer.key("signature")
            writer.string(thought.signature)
            writer.endObject()
        }
        for data in self.redacted {
            writer.beginObject()
            writer.key("type")
            writer.string("redacted_thinking")
            writer.key("data")
            writer.string(data)
            writer.endObject()
        }
        writer.endArray()
    }
}
