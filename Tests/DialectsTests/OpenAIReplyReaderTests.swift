import Dialects
import Domain
import JSON
import Testing

@Suite("OpenAIReplyReader")
struct OpenAIReplyReaderTests {
    private let reader = OpenAIReplyReader()

    private func classify(_ data: String) -> OpenAIStreamEvent {
        let raw = Array("data: \(data)\n\n".utf8)
        return unsafe raw.withUnsafeBytes { unsafe self.reader.classify($0) }
    }

    private func classifyAfterContent(_ data: String) -> OpenAIStreamEvent {
        let raw = Array("data: \(data)\n\n".utf8)
        return unsafe raw.withUnsafeBytes { unsafe self.reader.classifyAfterContent($0) }
    }

    @Test(
        "What counts as content",
        arguments: [
            (#"{"choices":[]}"#, OpenAIStreamEvent.Kind.preamble),
            (#"{"choices":[],"prompt_filter_results":[{}]}"#, .preamble), ("{}", .preamble),
            (#"{"choices":null}"#, .preamble),
            (#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#, .preamble),
            (
                #"{"choices":[{"delta":{"role":"assistant","content":null,"refusal":null,"tool_calls":[ ]}}]}"#,
                .preamble
            ),
            (#"{"choices":[{"delta":{},"logprobs":null,"finish_reason":null}]}"#, .preamble),
            (#"{"choices":[{"delta":{}},{"delta":{"content":"x"}}]}"#, .content),
            (#"{"choices":[{"delta":{"reasoning_content":"x","content":null}}]}"#, .content),
            (#"{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}"#, .content),
            (#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#, .content),
            (#"{"choices":[{"text":"x"}]}"#, .content), (#"{"choices":[{"text":""}]}"#, .preamble),
            (#"{"choices":[],"usage":{"prompt_tokens":1}}"#, .usageOnly), (#"{"choices":[ ],"usage":{}}"#, .usageOnly),
            (#"{"usage":{"prompt_tokens":1}}"#, .preamble), (#"{"choices":[],"usage":null}"#, .preamble),
            (#"{"error":{"message":"x"}}"#, .error), (#"{"error":"x","choices":[]}"#, .error),
            (#"{"error":null,"choices":[{"delta":{"content":"x"}}]}"#, .content), (#"{"error":{}}"#, .preamble),
            (#"{"error":{ },"choices":[]}"#, .preamble), (#"{"error":false}"#, .preamble), (#"{"error":0}"#, .preamble),
            ("[DONE]", .done), (" [DONE] ", .done), ("", .comment), ("[]", .garbage), ("{", .garbage),
            (#"{"choices":[}"#, .garbage), ("DONE", .garbage), (#"{"a":"\#u{1}"}"#, .garbage),
        ])
    func kinds(_ data: String, _ kind: OpenAIStreamEvent.Kind) {
        #expect(self.classify(data).kind == kind)
    }

    @Test("After content the cheap search finds what the full reading finds")
    func afterContent() {
        let interesting = [
            #"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
            #"{"choices":[{"delta":{"content":"x"}}],"usage" : {"prompt_tokens":1}}"#,
            #"{"usage":null,"x_groq":{"usage":{"prompt_tokens":1}}}"#, #"{"error":{"message":"x"}}"#,
            #"{"error":null,"choices":[{"delta":{},"finish_reason" :"length"}],"usage":null}"#, "[DONE]",
            #"{"choices":[{"delta":{"content":"x"},"index" : 1}]}"#,
        ]
        for data in interesting {
            var full = self.classify(data)
            if full.kind == .preamble { full.kind = .content }
            #expect(self.classifyAfterContent(data) == full, "\(data)")
        }
        let boring = [
            #"{"choices":[{"delta":{"content":"\"usage\":{\"prompt_tokens\":1}"},"finish_reason":null}],"usage":null}"#,
            #"{"choices":[{"delta":{"content":"usage"},"finish_reason":  null}],"usage": null,"error":null}"#,
            #"{"choices":[{"delta":{"content":"[DONE]"}}]}"#, "[DONE", "garbage \"usage\":", "{oops",
        ]
        for data in boring {
            var event = self.classifyAfterContent(data)
            // Of what was read in vain, the choices are known all the same.
            event.choices = ChoiceSet()
            #expect(event == OpenAIStreamEvent(.content), "\(data)")
        }
    }

    @Test(
        "Usage becomes disjoint classes, and absurd counts are ignored",
        arguments: [
            (#"{"prompt_tokens":10,"completion_tokens":5}"#, TokenUsage(input: 10, output: 5)),
            (#"{"prompt_tokens":10,"total_tokens":10}"#, TokenUsage(input: 10)),
            (
                #"{"prompt_tokens":10,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":5}}"#,
                TokenUsage(input: 6, cacheRead: 4, reasoning: 5)
            ),
            (
                #"{"prompt_tokens":10,"prompt_tokens_details":{"cached_tokens":40},"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":50}}"#,
                TokenUsage(cacheRead: 10, reasoning: 5)
            ),
            (
                #"{"prompt_tokens":10,"prompt_tokens_details":null,"completion_tokens_details":[1]}"#,
                TokenUsage(input: 10)
            ),
            (#"{"prompt_tokens":9223372036854775807,"completion_tokens":1}"#, TokenUsage(input: 1 << 53, output: 1)),
            (#"{"prompt_tokens":-1,"completion_tokens":1}"#, TokenUsage(output: 1)),
            (#"{"prompt_tokens":1.5,"completion_tokens":"7","x":1}"#, nil),
            (#"{"prompt_tokens":99999999999999999999,"completion_tokens":{}}"#, nil), ("{}", nil), ("null", nil),
            ("[]", nil), ("7", nil),
        ] as [(String, TokenUsage?)])
    func usage(_ object: String, _ expected: TokenUsage?) {
        let body =
            #"{"id":"x","choices":[{"message":{"content":"y"}}],"usage":\#(object),"seed":99999999999999999999999}"#
        #expect(self.reader.readReply(Array(body.utf8)) == .some(expected.map(UnaryReply.make) ?? .make(nil)))
    }

    @Test("What is no JSON object is no reply")
    func notAnObject() {
        for body in ["", "[]", "{", "null", "<html>", "{}x", #"{"usage":{"prompt_tokens":1}"#] {
            #expect(self.reader.readReply(Array(body.utf8)) == nil)
        }
        #expect(self.reader.readReply(Array(" {}\n".utf8)) == .make(nil))
        #expect(self.reader.readReply(Array(#"{"error":{"code":429}}"#.utf8))?.hasError == true)
    }

    @Test(
        "Recorded replies give their usage",
        .withRecordings, arguments: Recording.unary)
    func recordings(_ recording: Recording) throws {
        let tree = try? JSONReader().read(recording.body, maximumBytes: 1 << 24)
        let reply = self.reader.readReply(recording.body)
        guard case .object? = tree else {
            #expect(reply == nil)
            return
        }
        let usage = try #require(reply).usage
        #expect(usage?.promptTokens == tree?["usage"]?["prompt_tokens"]?.integer)
        if let completion = tree?["usage"]?["completion_tokens"]?.integer {
            // Reasoning may stand in the total only.
            let total = (tree?["usage"]?["total_tokens"]?.integer ?? 0) - (usage?.promptTokens ?? 0)
            #expect(usage?.completionTokens == completion || usage?.completionTokens == total)
        }
        let finish = tree?["choices"]?.array?.last?["finish_reason"]?.string
        #expect((reply?.finish == FinishReason.none) == (finish == nil))
        let looks = unsafe recording.body.withUnsafeBytes { unsafe UnaryReply.looksLikeJSON($0) }
        #expect(looks)
    }

    @Test("The sniff looks at the first byte that is not blank")
    func sniff() {
        for (text, expected) in [
            (" \r\n\t{", true), ("[", true), ("", false), (" ", false), ("<html>{", false), ("7", false),
        ] {
            let bytes = Array(text.utf8)
            let looks = unsafe bytes.withUnsafeBytes { unsafe UnaryReply.looksLikeJSON($0) }
            #expect(looks == expected, "\(text)")
        }
    }
}

extension UnaryReply {
    static func make(_ usage: TokenUsage?) -> UnaryReply { UnaryReply(usage: usage, hasError: false) }
}
