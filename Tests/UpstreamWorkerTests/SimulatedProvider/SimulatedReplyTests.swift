import Domain
import JSON
import Testing

@testable import UpstreamWorker

/// What the simulated provider answers, without its pace.
@Suite
struct SimulatedReplyTests {
    private let reader = JSONReader()

    private func reply(_ body: String, _ endpoint: Endpoint = .chatCompletions) -> SimulatedReply {
        SimulatedReply(
            to: Array(body.utf8), at: endpoint, record: RecordID(high: 1, low: 2), created: 1_700_000_000,
            reader: self.reader)
    }

    private func whole(_ body: String, _ endpoint: Endpoint = .chatCompletions) throws -> (UInt16, JSONValue) {
        guard case .whole(let status, let body, _) = self.reply(body, endpoint) else {
            Issue.record("a stream came")
            return (0, .null)
        }
        return (status, try self.reader.read(body, maximumBytes: 1 << 24))
    }

    /// The JSON of each event, and whether `[DONE]` is the last.
    private func events(_ body: String) throws -> (chunks: [JSONValue], isDone: Bool) {
        guard case .stream(let chat) = self.reply(body) else {
            Issue.record("no stream came")
            return ([], false)
        }
        let text = String(decoding: (0...chat.lastStep).flatMap { chat.events(step: $0) }, as: UTF8.self)
        var data = text.components(between: "\n\n").map { $0.dropFirst(6) }
        let isDone = data.popLast() == "[DONE]"
        return (try data.map { try self.reader.read(Array($0.utf8), maximumBytes: 1 << 20) }, isDone)
    }

    private func text(_ value: JSONValue?) -> String? {
        value?.string.map { String(decoding: $0, as: UTF8.self) }
    }

    private func first(_ reply: JSONValue) -> JSONValue? { reply["choices"]?.array?.first }

    private static let hello = #""model":"m","messages":[{"role":"user","content":"Hello there"}]"#

    @Test
    func theAnswerDependsOnThePromptOnly() throws {
        let (status, reply) = try self.whole("{\(Self.hello)}")
        #expect(status == 200)
        #expect(self.text(reply["object"]) == "chat.completion")
        #expect(self.text(reply["model"]) == "m")
        #expect(self.text(reply["id"]) == "chatcmpl-\(RecordID(high: 1, low: 2))")
        #expect(reply["created"]?.integer == 1_700_000_000)
        let content = try #require(self.text(self.first(reply)?["message"]?["content"]))
        #expect(content.contains("Hello there"))
        #expect(self.text(self.first(reply)?["finish_reason"]) == "stop")
        #expect(try self.whole("{\(Self.hello)}").1 == reply)
        let other = try self.whole(#"{"model":"m","messages":[{"role":"user","content":"Hello you"}]}"#).1
        #expect(self.text(self.first(other)?["message"]?["content"]) != content)
    }

    @Test
    func usageIsCountedByTheTokenizer() throws {
        let reply = try self.whole("{\(Self.hello)}").1
        let content = self.first(reply)?["message"]?["content"]?.string ?? []
        let usage = reply["usage"]
        #expect(usage?["prompt_tokens"]?.integer == Int64(8))
        #expect(usage?["completion_tokens"]?.integer == Int64(SimulatedTokenizer.count(content)))
        #expect(
            usage?["total_tokens"]?.integer
                == (usage?["prompt_tokens"]?.integer ?? 0) + (usage?["completion_tokens"]?.integer ?? 0))
    }

    @Test(arguments: ["max_tokens", "max_completion_tokens"])
    func aTokenLimitCutsTheAnswer(_ member: String) throws {
        let reply = try self.whole("{\(Self.hello),\"\(member)\":4}").1
        #expect(self.text(self.first(reply)?["finish_reason"]) == "length")
        #expect(self.text(self.first(reply)?["message"]?["content"]) == "This is a simulate")
        #expect(reply["usage"]?["completion_tokens"]?.integer == 4)
    }

    @Test
    func aStopSequenceCutsTheAnswer() throws {
        let reply = try self.whole("{\(Self.hello),\"stop\":[\"zzz\",\" answer\"]}").1
        #expect(self.text(self.first(reply)?["message"]?["content"]) == "This is a simulated")
        #expect(self.text(self.first(reply)?["finish_reason"]) == "stop")
    }

    @Test
    func severalChoicesDiffer() throws {
        let reply = try self.whole("{\(Self.hello),\"n\":3}").1
        let choices = try #require(reply["choices"]?.array)
        #expect(choices.map { $0["index"]?.integer } == [0, 1, 2])
        #expect(Set(choices.map { self.text($0["message"]?["content"]) }).count == 3)
        let tokens = choices.compactMap { $0["message"]?["content"]?.string }.map { SimulatedTokenizer.count($0) }
        #expect(reply["usage"]?["completion_tokens"]?.integer == Int64(tokens.reduce(0, +)))
    }

    @Test
    func aStreamSaysTheSameAsTheWholeReply() throws {
        for extra in ["", ",\"n\":2", ",\"max_tokens\":3", ",\"max_tokens\":1"] {
            let reply = try self.whole("{\(Self.hello)\(extra)}").1
            let stream = try self.events("{\(Self.hello)\(extra),\"stream\":true}")
            #expect(stream.isDone)
            for choice in reply["choices"]?.array ?? [] {
                let index = choice["index"]?.integer
                let mine = stream.chunks.compactMap { self.first($0) }.filter { $0["index"]?.integer == index }
                #expect(self.text(mine.first?["delta"]?["role"]) == "assistant")
                let content = mine.compactMap { self.text($0["delta"]?["content"]) }.joined()
                #expect(content == self.text(choice["message"]?["content"]))
                #expect(mine.last?["finish_reason"] == choice["finish_reason"])
                #expect(mine.dropLast().allSatisfy { $0["finish_reason"] == .null })
                #expect(mine.last?["delta"] == .object([]))
            }
            #expect(stream.chunks.allSatisfy { $0["usage"] == nil })
            #expect(Set(stream.chunks.map { self.text($0["id"]) }) == [self.text(reply["id"])])
        }
    }

    @Test
    func usageComesInAChunkOfItsOwnIfItWasAskedFor() throws {
        let whole = try self.whole("{\(Self.hello)}").1
        let asked = try self.events("{\(Self.hello),\"stream\":true,\"stream_options\":{\"include_usage\":true}}")
        #expect(asked.chunks.dropLast().allSatisfy { $0["usage"] == .null })
        #expect(asked.chunks.last?["choices"] == .array([]))
        #expect(asked.chunks.last?["usage"] == whole["usage"])
    }

    // MARK: Tools

    private static let tools = #"""
        "tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":
        {"city":{"type":"string"},"days":{"type":"integer","minimum":2},"unit":{"enum":["c","f"]},"x":{"type":"null"}},
        "required":["city","days","unit"]}}},{"type":"function","function":{"name":"time","parameters":{}}}]
        """#

    @Test
    func theFirstToolIsCalledWithFittingArguments() throws {
        let reply = try self.whole("{\(Self.hello),\(Self.tools)}").1
        let choice = self.first(reply)
        #expect(self.text(choice?["finish_reason"]) == "tool_calls")
        #expect(choice?["message"]?["content"] == .null)
        let call = choice?["message"]?["tool_calls"]?.array?.first
        #expect(self.text(call?["function"]?["name"]) == "weather")
        #expect(self.text(call?["function"]?["arguments"]) == #"{"city":"example","days":2,"unit":"c"}"#)
        #expect(self.text(call?["type"]) == "function")
    }

    @Test
    func aStreamedCallHasTheSameArguments() throws {
        let stream = try self.events("{\(Self.hello),\(Self.tools),\"stream\":true}")
        let calls = stream.chunks.compactMap { self.first($0)?["delta"]?["tool_calls"]?.array?.first }
        #expect(self.text(calls.first?["function"]?["name"]) == "weather")
        #expect(calls.allSatisfy { $0["index"]?.integer == 0 })
        let arguments = calls.compactMap { self.text($0["function"]?["arguments"]) }.joined()
        #expect(arguments == #"{"city":"example","days":2,"unit":"c"}"#)
        #expect(calls.dropFirst().allSatisfy { $0["id"] == nil })
    }

    @Test
    func theChoiceOfToolIsKeptTo() throws {
        let named = try self.whole(
            "{\(Self.hello),\(Self.tools),\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"time\"}}}"
        ).1
        let call = self.first(named)?["message"]?["tool_calls"]?.array?.first
        #expect(self.text(call?["function"]?["name"]) == "time")
        #expect(self.text(call?["function"]?["arguments"]) == "{}")
        let none = try self.whole("{\(Self.hello),\(Self.tools),\"tool_choice\":\"none\"}").1
        #expect(self.text(self.first(none)?["finish_reason"]) == "stop")
        let unknown = try self.whole(
            "{\(Self.hello),\(Self.tools),\"tool_choice\":{\"function\":{\"name\":\"other\"}}}")
        #expect(unknown.0 == 400)
    }

    @Test
    func afterAToolHasAnsweredTheModelSpeaks() throws {
        let messages = #""model":"m","messages":[{"role":"user","content":"a"},{"role":"tool","content":"4"}]"#
        let reply = try self.whole("{\(messages),\(Self.tools)}").1
        #expect(self.text(self.first(reply)?["finish_reason"]) == "stop")
        #expect(self.first(reply)?["message"]?["content"]?.string?.isEmpty == false)
    }

    @Test
    func structuredAnswersFitTheirSchema() throws {
        let schema =
            #"{"type":"json_schema","json_schema":{"schema":{"properties":{"a":{"type":"boolean"}},"required":["a"]}}}"#
        let reply = try self.whole("{\(Self.hello),\"response_format\":\(schema)}").1
        #expect(self.text(self.first(reply)?["message"]?["content"]) == #"{"a":true}"#)
    }

    // MARK: Refusals

    @Test(arguments: [
        ("", "invalid_json"), ("[]", "invalid_value"), ("{\"model\":\"m\"}", "invalid_value"),
        ("{\"messages\":[]}", "invalid_value"), (#"{"model":"m","messages":[{"content":"a"}]}"#, "invalid_value"),
        (#"{"model":"m","messages":[{"role":"user","content":5}]}"#, "invalid_value"),
        ("{\(hello),\"n\":0}", "invalid_value"), ("{\(hello),\"max_tokens\":-1}", "invalid_value"),
        ("{\(hello),\"stream\":\"yes\"}", "invalid_value"), ("{\(hello),\"stop\":[1]}", "invalid_value"),
        ("{\(hello),\"tools\":[{}]}", "invalid_value"),
    ])
    func aBadRequestIsRefusedInOpenAIsForm(_ body: String, _ code: String) throws {
        let (status, reply) = try self.whole(body)
        #expect(status == 400)
        #expect(self.text(reply["error"]?["code"]) == code)
        #expect(self.text(reply["error"]?["type"]) == "invalid_request_error")
    }
}

extension String {
    /// The parts between separators, without an empty last one.
    func components(between separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return rest.isEmpty ? parts : parts + [rest]
    }
}
