import Domain
import JSON
import TestSupport
import Testing

@testable import Dialects

/// Anthropic's words, then OpenAI's, then Anthropic's again: what both have survives.
@Suite("Requests through both dialects")
struct CrossRoundTripTests {
    @Test("What both dialects have survives")
    func generated() throws {
        var random = SplitMix(seed: 3)
        let reader = DialectReader()
        var family = AnthropicDoor.context()
        family.row = ProviderTable.row(.openai)
        for _ in 0..<300 {
            let conversation = self.common(RandomConversation.make(&random))
            let chat = try RequestTranslator.family(conversation, family, reader: reader)
            let tree = try JSONReader().read(chat, maximumBytes: 1 << 24)
            var back = try OpenAIRequestReader.read(tree, AnthropicDoor.context(.chatCompletions))
            // OpenAI's tool messages are turns of their own.
            back.turns = self.merged(back.turns)
            #expect(back.turns == conversation.turns)
            #expect(back.tools == conversation.tools)
            #expect(back.toolChoice == conversation.toolChoice)
            #expect(back.allowsParallelCalls == conversation.allowsParallelCalls)
            #expect(back.sampling == conversation.sampling)
            #expect(back.maximumOutput == conversation.maximumOutput)
            #expect(back.stop == conversation.stop)
            #expect(back.user == conversation.user)
            #expect(back.isStream == conversation.isStream)
            #expect(!back.isStream || back.wantsUsage)
            let again = try AnthropicDoor.write(back, AnthropicDoor.context(.chatCompletions, drops: true))
            #expect(try AnthropicDoor.read(again).turns == conversation.turns)
        }
    }

    @Test(
        "A strict schema with optional members is told to OpenAI without the word",
        arguments: [
            (#"{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false}"#, true),
            (#"{"type":"object","properties":{"a":{}},"additionalProperties":false}"#, false),
            (#"{"type":"object","properties":{"a":{}},"required":["a"]}"#, false),
            (#"{"type":"object","properties":{},"additionalProperties":false}"#, true),
            (
                #"{"type":"object","properties":{"a":{"type":"array","items":{"type":"object","properties":{}}}},"required":["a"],"additionalProperties":false}"#,
                false
            ),
            (#"{"anyOf":[{"type":"object","properties":{},"additionalProperties":false}]}"#, false),
        ])
    func strict(_ schema: String, _ expected: Bool) throws {
        #expect(OpenAIStrictSchema.takes(try AnthropicDoor.tree(schema)) == expected)
        let conversation = try AnthropicDoor.read(
            #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"q"}],"output_config":{"format":{"type":"json_schema","schema":\#(schema)}},"tools":[{"name":"f","input_schema":\#(schema),"strict":true}]}"#
        )
        var context = AnthropicDoor.context()
        context.row = ProviderTable.row(.openai)
        let chat = try RequestTranslator.family(conversation, context, reader: DialectReader())
        let tree = try JSONReader().read(chat, maximumBytes: 1 << 24)
        let word: JSONValue? = expected ? .bool(true) : nil
        #expect(tree["tools"]?.array?.first?["function"]?["strict"] == word)
        #expect(tree["response_format"]?["json_schema"]?["strict"] == word)
    }

    @Test("A long user of Anthropic's clients is not told to those who refuse it", arguments: [64, 65])
    func user(_ length: Int) throws {
        let user = String(repeating: "u", count: length)
        let conversation = try AnthropicDoor.read(
            #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"q"}],"metadata":{"user_id":"\#(user)"}}"#
        )
        var context = AnthropicDoor.context()
        context.row = ProviderTable.row(.openai)
        let chat = try RequestTranslator.family(conversation, context, reader: DialectReader())
        #expect(try JSONReader().read(chat, maximumBytes: 1 << 16)["user"]?.string == (length <= 64 ? user.bytes : nil))
    }

    // MARK: What both have

    /// Without what only Anthropic has.
    private func common(_ conversation: Conversation) -> Conversation {
        var conversation = conversation
        conversation.turns = conversation.turns.map { turn in
            var parts = turn.parts.compactMap { self.common($0) }
            // Each system message is a turn; several texts of a string would be one.
            if parts.isEmpty { parts = [.text("x")] }
            return Turn(turn.role, parts)
        }
        conversation.tools = conversation.tools.compactMap { tool in
            guard case .function(var function) = tool else { return nil }
            function.cacheMark = nil
            function.extras = []
            function.isStrict = nil
            return .function(function)
        }
        if conversation.tools.isEmpty {
            conversation.toolChoice = nil
            conversation.allowsParallelCalls = nil
        }
        conversation.sampling.topK = nil
        conversation.format = .text
        conversation.reasoning = nil
        conversation.extras = []
        return conversation
    }

    private func common(_ part: Part) -> Part? {
        switch part {
        case .text(let text): return .text(TextPart(text.text))
        case .image(let image):
            switch image.source {
            case .base64(let mediaType, _): return .image(ImagePart(.base64(mediaType: mediaType, data: "QUJD".bytes)))
            case .url: return .image(ImagePart(.url("https://a.example/b".bytes)))
            case .file, .text: return nil
            }
        case .toolCall(var call):
            call.cacheMark = nil
            return .toolCall(call)
        case .toolResult(let result):
            let texts = result.parts.compactMap { part -> Part? in
                guard case .text(let text) = part else { return nil }
                return .text(TextPart(text.text))
            }
            return .toolResult(ToolResult(id: result.id, parts: texts.isEmpty ? [.text("x")] : texts))
        case .document, .audio, .thinking, .redactedThinking, .refusal, .opaque: return nil
        }
    }

    private func merged(_ turns: [Turn]) -> [Turn] {
        turns.reduce(into: []) { merged, turn in
            if let last = merged.indices.last, merged[last].role == turn.role, turn.role == .user {
                merged[last].parts += turn.parts
            } else {
                merged.append(turn)
            }
        }
    }
}
