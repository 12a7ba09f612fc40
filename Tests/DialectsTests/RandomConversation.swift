import JSON
import TestSupport

@testable import Dialects

/// Conversations as Anthropic's door can read them and its writer leaves them: turns alternate, results come first, thoughts lead.
enum RandomConversation {
    static func make(_ random: inout SplitMix) -> Conversation {
        var conversation = Conversation(
            model: "claude-opus-4-6".bytes, maximumOutput: Int64.random(in: 1...9999, using: &random))
        conversation.wantsUsage = true
        if self.chance(&random) {
            conversation.turns.append(Turn(.system, self.some(1...3, &random) { .text(self.text(&$0)) }))
        }
        var calls: [[UInt8]] = []
        for index in 0..<Int.random(in: 1...6, using: &random) {
            conversation.turns.append(
                index % 2 == 0 ? self.user(answering: calls, &random) : self.assistant(&calls, &random))
        }
        conversation.tools = self.some(1...3, &random) { self.tool(&$0) }
        conversation.toolChoice =
            [nil, .auto, ToolChoice.none, .required, .named(self.word(&random))].randomElement(using: &random) ?? nil
        let takesParallel = conversation.toolChoice != nil && conversation.toolChoice != ToolChoice.none
        conversation.allowsParallelCalls = takesParallel && self.chance(&random) ? false : nil
        if self.chance(&random) {
            conversation.format = .schema(
                name: "response".bytes, description: nil, schema: self.closedSchema(&random), isStrict: true)
        }
        if self.chance(&random) { conversation.sampling.temperature = Double.random(in: 0...1, using: &random) }
        if self.chance(&random) { conversation.sampling.topK = Int64.random(in: 0...99, using: &random) }
        conversation.stop = self.some(0...2, &random) { self.word(&$0) }
        if self.chance(&random) { conversation.user = self.word(&random) }
        conversation.isStream = self.chance(&random)
        if conversation.sampling == Sampling(), conversation.toolChoice == nil {
            self.addReasoning(&conversation, &random)
        }
        if self.chance(&random) {
            conversation.extras.append(JSONValue.Member(key: "container".bytes, value: .string(self.word(&random))))
        }
        return conversation
    }

    // MARK: Turns

    private static func user(answering calls: [[UInt8]], _ random: inout SplitMix) -> Turn {
        var parts = calls.map { id in
            Part.toolResult(
                ToolResult(
                    id: id, parts: self.some(0...2, &random) { self.content(&$0) }, isError: self.chance(&random),
                    cacheMark: self.mark(&random)))
        }
        parts += self.some(1...3, &random) { self.content(&$0) }
        return Turn(.user, parts)
    }

    private static func assistant(_ calls: inout [[UInt8]], _ random: inout SplitMix) -> Turn {
        var parts: [Part] = []
        if self.chance(&random) {
            parts.append(.thinking(ThinkingPart(self.word(&random), signature: self.word(&random))))
            if self.chance(&random) { parts.append(.redactedThinking(self.word(&random))) }
        }
        parts.append(.text(self.text(&random)))
        calls = []
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let id = self.word(&random)
            calls.append(id)
            var writer = JSONWriter()
            writer.value(.object(self.some(0...3, &random) { self.member(&$0) }))
            parts.append(
                .toolCall(
                    ToolCall(id: id, name: self.word(&random), arguments: writer.bytes, cacheMark: self.mark(&random))))
        }
        return Turn(.assistant, parts)
    }

    // MARK: Parts

    private static func content(_ random: inout SplitMix) -> Part {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return .image(ImagePart(self.source(&random), cacheMark: self.mark(&random)))
        case 1:
            let source = self.chance(&random) ? self.source(&random) : .text(self.word(&random))
            return .document(
                DocumentPart(
                    source, title: self.chance(&random) ? self.word(&random) : nil, cacheMark: self.mark(&random),
                    extras: self.chance(&random)
                        ? [JSONValue.Member(key: "context".bytes, value: .string(self.word(&random)))] : []))
        case 2:
            return .opaque(
                .object([
                    JSONValue.Member(key: "type".bytes, value: .string("search_result".bytes)), self.member(&random),
                ]))
        default: return .text(self.text(&random))
        }
    }

    private static func source(_ random: inout SplitMix) -> BinarySource {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: .base64(mediaType: "image/png".bytes, data: self.word(&random))
        case 1: .url(self.word(&random))
        default: .file(self.word(&random))
        }
    }

    private static func text(_ random: inout SplitMix) -> TextPart {
        TextPart(
            self.word(&random), cacheMark: self.mark(&random),
            citations: self.chance(&random) ? .array([.object([self.member(&random)])]) : nil)
    }

    private static func mark(_ random: inout SplitMix) -> CacheMark? {
        [nil, nil, .usual, .hour].randomElement(using: &random) ?? nil
    }

    // MARK: Tools

    private static func tool(_ random: inout SplitMix) -> ToolDefinition {
        if self.chance(&random) {
            return .opaque(.object([JSONValue.Member(key: "type".bytes, value: .string("web_search_1".bytes))]))
        }
        return .function(
            ToolDefinition.Function(
                name: self.word(&random), description: self.chance(&random) ? self.word(&random) : nil,
                parameters: self.closedSchema(&random), isStrict: self.chance(&random) ? true : nil,
                cacheMark: self.mark(&random),
                extras: self.chance(&random) ? [JSONValue.Member(key: "defer_loading".bytes, value: .bool(true))] : []))
    }

    private static func closedSchema(_ random: inout SplitMix) -> JSONValue {
        .object([
            JSONValue.Member(key: "type".bytes, value: .string("object".bytes)),
            JSONValue.Member(
                key: "properties".bytes,
                value: .object([
                    JSONValue.Member(
                        key: self.word(&random),
                        value: .object([JSONValue.Member(key: "type".bytes, value: .string("string".bytes))]))
                ])),
            JSONValue.Member(key: "additionalProperties".bytes, value: .bool(false)),
        ])
    }

    private static func addReasoning(_ conversation: inout Conversation, _ random: inout SplitMix) {
        let effort = self.chance(&random) ? "low".bytes : nil
        switch Int.random(in: 0..<4, using: &random) {
        case 0: conversation.reasoning = ReasoningRequest(amount: .off, effort: effort)
        case 1: conversation.reasoning = ReasoningRequest(amount: .adaptive, effort: effort, display: "omitted".bytes)
        case 2 where !self.hasCalls(conversation):
            conversation.reasoning = ReasoningRequest(amount: .budget(1024), effort: effort)
        default: break
        }
    }

    /// A budget is not kept where calls have lost their thoughts.
    private static func hasCalls(_ conversation: Conversation) -> Bool {
        conversation.turns.contains { turn in
            turn.parts.contains { part in
                if case .toolCall = part { true } else { false }
            }
        }
    }

    // MARK: Values

    private static func member(_ random: inout SplitMix) -> JSONValue.Member {
        let values: [JSONValue] = [
            .integer(Int64.random(in: .min ... .max, using: &random)),
            .number(Double.random(in: -9...9, using: &random)),
            .string(self.word(&random)), .bool(true), .array([.null, .object([])]),
        ]
        return JSONValue.Member(key: self.word(&random), value: values.randomElement(using: &random) ?? .null)
    }

    private static func word(_ random: inout SplitMix) -> [UInt8] {
        let letters = Array("abcXYZ019_-".utf8)
        return (0..<Int.random(in: 1...8, using: &random)).map { _ in letters.randomElement(using: &random) ?? 0x61 }
    }

    private static func some<Value>(
        _ range: ClosedRange<Int>, _ random: inout SplitMix, _ make: (inout SplitMix) -> Value
    ) -> [Value] {
        var values: [Value] = []
        for _ in 0..<Int.random(in: range, using: &random) { values.append(make(&random)) }
        return values
    }

    private static func chance(_ random: inout SplitMix) -> Bool { Bool.random(using: &random) }
}
