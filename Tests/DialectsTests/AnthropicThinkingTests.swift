import Domain
import JSON
import Testing

@testable import Dialects

@Suite("AnthropicThinking")
struct AnthropicThinkingTests {
    /// The members of a body behind its messages, `max_tokens` in front.
    private func written(
        _ model: String, _ reasoning: ReasoningRequest?, given: Int64? = nil, known: Int64? = nil,
        endpoint: Endpoint = .chatCompletions, drops: Bool = false, _ change: (inout Conversation) -> Void = { _ in }
    ) throws -> String {
        var conversation = Conversation.question(model)
        conversation.reasoning = reasoning
        conversation.maximumOutput = given
        change(&conversation)
        let body = try AnthropicDoor.write(
            conversation, AnthropicDoor.context(endpoint, drops: drops, maximumOutput: known))
        let tree = try AnthropicDoor.tree(body)
        var members = ["\(tree["max_tokens"]?.integer ?? -1)"]
        for name in ["thinking", "output_config", "temperature", "top_p", "top_k"] as [StaticString] {
            guard let value = tree[key: name] else { continue }
            var writer = JSONWriter()
            writer.value(value)
            members.append("\(name)=\(String(decoding: writer.bytes, as: UTF8.self))")
        }
        return members.joined(separator: " ")
    }

    private static func effort(_ effort: String) -> ReasoningRequest { ReasoningRequest(effort: effort.bytes) }

    @Test(
        "An effort in OpenAI's words",
        arguments: [
            // Older models get a budget, and room for it.
            ("claude-sonnet-4-5", "low", #"5120 thinking={"type":"enabled","budget_tokens":1024}"#),
            ("claude-3-7-sonnet-latest", "medium", #"6144 thinking={"type":"enabled","budget_tokens":2048}"#),
            ("claude-opus-4-20250514", "high", #"8192 thinking={"type":"enabled","budget_tokens":4096}"#),
            ("claude-haiku-4-5", "max", #"20480 thinking={"type":"enabled","budget_tokens":16384}"#),
            ("deepseek-chat", "low", #"5120 thinking={"type":"enabled","budget_tokens":1024}"#),
            ("claude-sonnet-4-5", "none", "4096"), ("claude-sonnet-4-6", "minimal", "4096"),
            // Newer ones decide themselves.
            ("claude-sonnet-4-6", "low", #"4096 thinking={"type":"adaptive"} output_config={"effort":"low"}"#),
            ("claude-opus-4-6", "xhigh", #"4096 thinking={"type":"adaptive"} output_config={"effort":"high"}"#),
            ("claude-opus-4-6", "max", #"4096 thinking={"type":"adaptive"} output_config={"effort":"max"}"#),
            (
                "claude-opus-4-7", "xhigh",
                #"4096 thinking={"type":"adaptive","display":"summarized"} output_config={"effort":"xhigh"}"#
            ),
            ("claude-sonnet-5", "none", #"4096 thinking={"type":"disabled"}"#),
            (
                "claude-mythos-preview", "none",
                #"4096 thinking={"type":"adaptive","display":"summarized"} output_config={"effort":"low"}"#
            ),
        ])
    func efforts(_ model: String, _ effort: String, _ expected: String) throws {
        #expect(try self.written(model, Self.effort(effort)) == expected)
    }

    @Test("A budget stays below what the client or the model allows")
    func bounds() throws {
        let model = "claude-sonnet-4-5"
        #expect(
            try self.written(model, Self.effort("high"), given: 3000)
                == #"3000 thinking={"type":"enabled","budget_tokens":2999}"#)
        #expect(try self.written(model, Self.effort("low"), given: 1024) == "1024")
        #expect(try self.written(model, Self.effort("low"), given: 1) == "1")
        #expect(
            try self.written(model, Self.effort("low"), known: 64000)
                == #"64000 thinking={"type":"enabled","budget_tokens":1024}"#)
        #expect(
            try self.written(model, Self.effort("max"), known: 8192)
                == #"8192 thinking={"type":"enabled","budget_tokens":8191}"#)
        // What the client has named itself, Anthropic judges.
        let named = ReasoningRequest(amount: .budget(5000))
        #expect(
            try self.written(model, named, given: 4000)
                == #"4000 thinking={"type":"enabled","budget_tokens":5000}"#)
        #expect(
            try self.written(model, ReasoningRequest(amount: .budget(.max)))
                == #"9223372036854775807 thinking={"type":"enabled","budget_tokens":9223372036854775807}"#)
    }

    @Test("Anthropic's own words pass")
    func own() throws {
        #expect(
            try self.written("claude-sonnet-4-6", ReasoningRequest(amount: .adaptive, display: "omitted".bytes))
                == #"4096 thinking={"type":"adaptive","display":"omitted"}"#)
        #expect(
            try self.written("claude-sonnet-4-5", ReasoningRequest(amount: .adaptive))
                == #"6144 thinking={"type":"enabled","budget_tokens":2048}"#)
        #expect(
            try self.written("claude-sonnet-4-0", ReasoningRequest(amount: .off))
                == #"4096 thinking={"type":"disabled"}"#)
        // An effort alone asks for no thoughts at Anthropic's door.
        #expect(
            try self.written("claude-opus-4-8", Self.effort("low"), given: 9, endpoint: .messages)
                == #"9 output_config={"effort":"low"}"#)
    }

    @Test("Sampling that conflicts with thoughts is left out")
    func sampling() throws {
        let change: (inout Conversation) -> Void = {
            $0.sampling = Sampling(temperature: 0.2, topP: 0.5, topK: 4)
        }
        #expect(
            try self.written("claude-sonnet-4-0", Self.effort("low"), change)
                == #"5120 thinking={"type":"enabled","budget_tokens":1024}"#)
        #expect(
            try self.written("claude-sonnet-4-0", Self.effort("none"), change)
                == "4096 temperature=0.2 top_p=0.5 top_k=4")
    }

    @Test("A forced call and thoughts exclude each other")
    func forced() throws {
        let change: (inout Conversation) -> Void = {
            $0.tools = [.function(ToolDefinition.Function(name: "f".bytes))]
            $0.toolChoice = .required
        }
        let fault = AnthropicDoor.fault { _ = try self.written("claude-sonnet-4-6", Self.effort("low"), change) }
        #expect(fault?.hasPrefix("reasoning_effort: 'reasoning_effort' is not supported by provider") == true)
        #expect(try self.written("claude-sonnet-4-6", Self.effort("low"), drops: true, change) == "4096")
        let old = AnthropicDoor.fault { _ = try self.written("claude-3-5-haiku-latest", Self.effort("low")) }
        #expect(old?.hasPrefix("reasoning_effort: ") == true)
    }

    @Test("A budget is left out where results answer calls whose thoughts did not come back")
    func lostThoughts() throws {
        func turns(_ thoughts: [Part]) -> [Turn] {
            [
                Turn(.user, [.text("q")]), Turn(.assistant, thoughts + [.call("1", "f", "{}")]),
                Turn(.user, [.result("1", "r")]),
            ]
        }
        let sealed = Part.thinking(ThinkingPart("t".bytes, signature: "s".bytes))
        let effort = Self.effort("low")
        let on = #"5120 thinking={"type":"enabled","budget_tokens":1024}"#
        #expect(try self.written("claude-sonnet-4-5", effort) { $0.turns = turns([]) } == "4096")
        #expect(try self.written("claude-sonnet-4-5", effort) { $0.turns = turns([sealed]) } == on)
        #expect(
            try self.written("claude-sonnet-4-5", effort) {
                $0.turns = turns([]) + [Turn(.assistant, [.text("a")]), Turn(.user, [.text("q")])]
            } == on)
        #expect(
            try self.written("claude-sonnet-4-6", effort) { $0.turns = turns([]) }
                == #"4096 thinking={"type":"adaptive"} output_config={"effort":"low"}"#)
    }

    @Test(
        "Versions are read from names",
        arguments: [
            ("claude-sonnet-4-5-20250929", 45), ("claude-3-5-haiku-latest", 35), ("claude-3-haiku-20240307", 30),
            ("claude-opus-4-20250514", 40), ("claude-sonnet-4-0", 40), ("claude-opus-4-1-20250805", 41),
            ("claude-sonnet-5", 50), ("claude-opus-5-5", 55), ("claude-4.7-opus", 47),
            ("anthropic/Claude-Sonnet-4.5", 45), ("us.anthropic.claude-haiku-4-5-20251001-v1:0", 45),
            ("claude-sonnet-4@20250514", 40), ("claude-2.1", 21), ("claude-instant-v1", 10), ("claude", 99),
            ("claude-mythos-preview", 99), ("deepseek-chat", nil), ("", nil), ("claude-99-99-99", 999),
        ] as [(String, Int?)])
    func versions(_ name: String, _ version: Int?) {
        #expect(AnthropicModel(name.bytes).version == version)
    }
}

extension JSONValue {
    fileprivate subscript(key name: StaticString) -> JSONValue? { self[name] }
}
