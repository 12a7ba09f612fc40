import Dialects
import Domain
import JSON
import Testing

/// What Anthropic answers, as OpenAI's clients get it.
@Suite("Anthropic's replies at the chat door")
struct AnthropicAtChatDoorTests {
    private let reader = DialectReader()
    private let context = TranslatedStream.context(.anthropic, .chatCompletions, wantsUsage: true)

    private func events(_ payloads: [String]) -> [UInt8] {
        Array(payloads.map { "event: x\ndata: \($0)\n\n" }.joined().utf8)
    }

    private static let start =
        #"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}}"#

    private static func end(_ reason: String, _ sequence: String = "null") -> [String] {
        [
            #"{"type":"message_delta","delta":{"stop_reason":"\#(reason)","stop_sequence":\#(sequence)},"usage":{"output_tokens":7}}"#,
            #"{"type":"message_stop"}"#,
        ]
    }

    private static func block(_ index: Int, _ start: String, _ deltas: [String]) -> [String] {
        [#"{"type":"content_block_start","index":\#(index),"content_block":\#(start)}"#]
            + deltas.map { #"{"type":"content_block_delta","index":\#(index),"delta":\#($0)}"# }
            + [#"{"type":"content_block_stop","index":\#(index)}"#]
    }

    private func tails(_ payloads: [String]) -> [String] {
        let stream = TranslatedStream([self.events(payloads)], self.context, reader: self.reader)
        #expect(stream.fault == nil)
        #expect(
            stream.chunks.head.hasPrefix(
                #"{"id":"msg_1","object":"chat.completion.chunk","created":1700000000,"model":"claude","#))
        return stream.chunks.tails.dropLast().map { $0.replacing(#","usage":null}"#, with: "}") }
    }

    private static func out(_ members: String) -> String { OpenAIStreamSurprise.out(members) }

    @Test("Thoughts come in pieces, and as a block with their signature; a call without arguments gets an empty object")
    func thoughts() {
        let tails = self.tails(
            [Self.start]
                + Self.block(
                    0, #"{"type":"thinking","thinking":"","signature":""}"#,
                    [
                        #"{"type":"thinking_delta","thinking":"A"}"#, #"{"type":"thinking_delta","thinking":"b"}"#,
                        #"{"type":"signature_delta","signature":"sig"}"#,
                    ]) + Self.block(1, #"{"type":"redacted_thinking","data":"xyz"}"#, [])
                + Self.block(2, #"{"type":"text","text":""}"#, [#"{"type":"text_delta","text":"T"}"#])
                + Self.block(3, #"{"type":"tool_use","id":"t1","name":"f","input":{}}"#, [])
                + Self.block(
                    4, #"{"type":"tool_use","id":"t2","name":"g","input":{}}"#,
                    [
                        #"{"type":"input_json_delta","partial_json":""}"#,
                        #"{"type":"input_json_delta","partial_json":"{\"a\":1}"}"#,
                    ])
                + Self.end("tool_use"))
        #expect(
            tails.dropLast() == [
                Self.out(OpenAIStreamSurprise.role), Self.out(#""reasoning_content":"A""#),
                Self.out(#""reasoning_content":"b""#),
                Self.out(#""thinking_blocks":[{"type":"thinking","thinking":"Ab","signature":"sig"}]"#),
                Self.out(#""thinking_blocks":[{"type":"redacted_thinking","data":"xyz"}]"#),
                Self.out(#""content":"T""#), OpenAIStreamSurprise.call(0, "t1", "f"),
                OpenAIStreamSurprise.arguments(0, "{}"),
                OpenAIStreamSurprise.call(1, "t2", "g"), OpenAIStreamSurprise.arguments(1, #"{\"a\":1}"#),
                OpenAIStreamSurprise.end("tool_calls"),
            ], "\(tails)")
        #expect(tails.last?.contains(#""usage":{"prompt_tokens":15,"completion_tokens":7,"total_tokens":22,"#) == true)
    }

    @Test("Citations of the web become annotations; the provider's own tools do not surface")
    func citations() {
        let tails = self.tails(
            [Self.start]
                + Self.block(
                    0, #"{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}"#,
                    [#"{"type":"input_json_delta","partial_json":"{}"}"#])
                + Self.block(
                    1, #"{"type":"text","text":"","citations":[]}"#,
                    [
                        #"{"type":"text_delta","text":"né"}"#,
                        #"{"type":"citations_delta","citation":{"type":"web_search_result_location","url":"https://a","title":"A","cited_text":"x","encrypted_index":"e"}}"#,
                        #"{"type":"citations_delta","citation":{"type":"char_location","document_index":0}}"#,
                    ]) + Self.end("pause_turn"))
        #expect(
            tails.dropLast() == [
                Self.out(OpenAIStreamSurprise.role), Self.out(#""content":"né""#),
                Self.out(
                    #""annotations":[{"type":"url_citation","url_citation":{"start_index":0,"end_index":2,"url":"https://a","title":"A"}}]"#
                ), Self.out(#""citations":[{"type":"char_location","document_index":0}]"#),
                OpenAIStreamSurprise.end("stop"),
            ], "\(tails)")
    }

    @Test(
        "Reasons for stopping",
        arguments: [
            ("end_turn", "null", "stop", ""), ("max_tokens", "null", "length", ""),
            ("model_context_window_exceeded", "null", "length", ""), ("refusal", "null", "content_filter", ""),
            ("stop_sequence", #""END""#, "stop", #","stop_reason":"END""#),
        ])
    func stops(_ reason: String, _ sequence: String, _ finish: String, _ more: String) {
        let tails = self.tails(
            [Self.start] + Self.block(0, #"{"type":"text","text":""}"#, [#"{"type":"text_delta","text":"T"}"#])
                + Self.end(reason, sequence))
        #expect(tails.dropLast().last == OpenAIStreamSurprise.end(finish, more))
    }

    @Test(
        "Recorded streams, however they are cut",
        .withRecordings,
        arguments: Recording.anthropicStreams)
    func streams(_ recording: Recording) throws {
        let recorded = HeardReply.message(
            events: StreamOracle.events(recording.body).compactMap(StreamOracle.json))
        let stream = TranslatedStream([recording.body], self.context, reader: self.reader)
        for pieces in [
            StreamOracle.events(recording.body), Cuts.pieces(recording.body, of: 1),
            Cuts.pieces(recording.body, of: 61),
        ] { #expect(TranslatedStream(pieces, self.context, reader: self.reader) == stream) }
        guard !recorded.hasError else {
            guard case .provider = stream.fault else {
                Issue.record("\(String(describing: stream.fault))")
                return
            }
            return
        }
        #expect(stream.end == .complete)
        Self.compare(try HeardReply(strictly: stream), recorded)
    }

    @Test(
        "Recorded messages", .withRecordings,
        arguments: Recording.anthropicMessages)
    func messages(_ recording: Recording) throws {
        let parser = JSONReader()
        let recorded = HeardReply.message(try parser.read(recording.body, maximumBytes: 1 << 26))
        let reply = try ReplyTranslator.read(recording.body, self.context, reader: self.reader)
        let body = ReplyTranslator.write(reply, usage: reply.usage, isEstimated: false, self.context)
        var heard = HeardReply()
        heard.hear(try parser.read(body, maximumBytes: 1 << 26), isStream: false)
        Self.compare(heard, recorded)
    }

    private static func compare(_ heard: HeardReply, _ recorded: HeardReply) {
        guard let mine = heard.choices[0], let theirs = recorded.choices[0] else {
            Issue.record("no message")
            return
        }
        #expect(mine.text == theirs.text)
        #expect(mine.thinking == theirs.thinking)
        #expect(mine.calls.map(\.id) == theirs.calls.map(\.id))
        #expect(mine.calls.map(\.name) == theirs.calls.map(\.name))
        #expect(mine.calls.map(\.value) == theirs.calls.map(\.value))
        let words = [
            "end_turn": "stop", "stop_sequence": "stop", "pause_turn": "stop", "max_tokens": "length",
            "model_context_window_exceeded": "length", "tool_use": "tool_calls", "refusal": "content_filter",
        ]
        let finish = String(decoding: theirs.finish, as: UTF8.self)
        #expect(String(decoding: mine.finish, as: UTF8.self) == words[finish])
        #expect(heard.prompt == recorded.prompt)
        #expect(heard.completion == recorded.completion)
    }
}
