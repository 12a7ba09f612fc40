import Dialects
import Domain
import JSON
import TestSupport
import Testing

@Suite("Streams of OpenAI-like providers")
struct OpenAIStreamTranslationTests {
    @Test("In OpenAI's grammar", arguments: OpenAIStreamSurprise.all)
    func surprises(_ surprise: OpenAIStreamSurprise) {
        let context = TranslatedStream.context(
            surprise.dialect, surprise.endpoint, wantsUsage: surprise.wantsUsage)
        let stream = TranslatedStream([surprise.body], context)
        #expect(stream.fault == nil)
        #expect(stream.end == .complete)
        let chunks = stream.chunks
        let object = surprise.endpoint == .completions ? "text_completion" : "chat.completion.chunk"
        #expect(chunks.head.hasPrefix(#"{"id":"c1","object":"\#(object)","created":7,"model":"m","#))
        #expect(chunks.tails == surprise.expected)
    }

    @Test("However they are cut", arguments: OpenAIStreamSurprise.all)
    func cuts(_ surprise: OpenAIStreamSurprise) {
        let context = TranslatedStream.context(
            surprise.dialect, surprise.endpoint, wantsUsage: surprise.wantsUsage)
        let body = surprise.body
        let reader = DialectReader()
        let whole = TranslatedStream([body], context, reader: reader)
        #expect(whole.releasesAreWhole)
        for size in [1, 2, 7] {
            #expect(TranslatedStream(Cuts.pieces(body, of: size), context, reader: reader) == whole)
        }
        var random = SplitMix(seed: 6)
        for _ in 0..<20 {
            var rest = body[...]
            var pieces: [[UInt8]] = []
            while !rest.isEmpty {
                let length = min(rest.count, Int.random(in: 1...120, using: &random))
                pieces.append(Array(rest.prefix(length)))
                rest = rest.dropFirst(length)
            }
            #expect(TranslatedStream(pieces, context, reader: reader) == whole)
        }
    }

    private func run(_ events: [String], _ dialect: Dialect) -> TranslatedStream {
        let body = events.map { ($0.hasPrefix("event:") ? "" : "data: ") + $0 + "\n\n" }.joined()
        return TranslatedStream([Array(body.utf8)], TranslatedStream.context(dialect))
    }

    private func error(_ stream: TranslatedStream) -> GatewayError? {
        guard case .provider(let error) = stream.fault else { return nil }
        return error
    }

    @Test("An error in the middle ends the stream; what came before it goes out, no finish and no [DONE] do")
    func errors() {
        let text = OpenAIStreamSurprise.delta(#""content":"a""#)
        let groq = self.run(
            [text, "event: error\ndata: {\"error\":{\"message\":\"no\",\"type\":\"x\",\"status_code\":400}}"], .groq)
        #expect(self.error(groq)?.status == 400)
        #expect(
            groq.chunks.tails == [
                OpenAIStreamSurprise.out(OpenAIStreamSurprise.role), OpenAIStreamSurprise.out(#""content":"a""#),
            ])
        let openRouter = self.run(
            [
                text,
                #"{"id":"c1","error":{"code":400,"message":"Token limit reached"},"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"error"}],"usage":{"prompt_tokens":4,"completion_tokens":1}}"#,
                "[DONE]",
            ], .openrouter)
        #expect(self.error(openRouter)?.message == "Token limit reached")
        #expect(openRouter.chunks.tails.last == OpenAIStreamSurprise.out(#""content":"b""#))
        #expect(openRouter.usage?.promptTokens == 4)
        for word in ["error", "abort", "insufficient_system_resource"] {
            let brokenOff = self.run([text, OpenAIStreamSurprise.finish(word)], .deepseek)
            #expect(self.error(brokenOff)?.status == 502)
            #expect(brokenOff.chunks.tails.count == 2)
        }
        for event in [
            #"{"object":"error","message":"no","type":"t","code":"1300"}"#, #"{"detail":"no"}"#, #"{"error":"no"}"#,
            #"{"message":"no","type":"t"}"#, "event: error\ndata: {\"oops\":1}",
            #"{"choices":[],"x_groq":{"error":"no"}}"#,
        ] {
            let stream = self.run([event], .mistral)
            #expect(self.error(stream) != nil, "\(event)")
            #expect(stream.text.isEmpty)
        }
    }

    @Test(
        "What is none of the dialect is refused, and nothing of it goes out",
        arguments: [
            "7", "[]", "{oops", #"{"choices":[7]}"#, #"{"choices":[{"delta":{"content":"\ud800"}}]}"#,
            #"{"choices":[{"delta":{"content":"\q"}}]}"#, #"{"choices":[{"delta":{"content":"a"}}]} x"#,
            #"{"choices":[{"delta":{"content":"a"},"x":tru}]}"#, #"{"choices":[{"delta":{"content":"a"},"x":[1,,2]}]}"#,
            #"{"choices":[{"delta":{"content":"a"},"index":-1}]}"#,
            #"{"choices":[{"delta":{"content":"a"},"index":128}]}"#,
            #"{"choices":[{"delta":{"c\u006fntent":"a"}}]}"#, #"{"choices":[{"delta":{"content":"a"},"x":"\u12"}]}"#,
            #"{"id":"\ud800","choices":[{"delta":{"content":"a"}}]}"#,
        ])
    func refused(_ payload: String) {
        let stream = self.run([payload], .vllm)
        #expect(stream.fault == .invalidResponse)
        #expect(stream.text.isEmpty)
    }

    @Test("Names that the provider does not give are the gateway's")
    func names() {
        let events = [#"{"choices":[{"delta":{"content":"a"}}]}"#, "[DONE]"]
        #expect(
            self.run(events, .vllm).chunks.head
                == #"{"id":"chatcmpl-n0","object":"chat.completion.chunk","created":1700000000,"model":"","#)
        let late = self.run(
            [
                #"{"id":"","model":"m","choices":[]}"#,
                #"{"id":"x","created":3,"model":"n","choices":[{"delta":{"content":"a"}}]}"#,
                #"{"id":"y","choices":[{"delta":{"content":"b"}}],"system_fingerprint":null}"#, "[DONE]",
            ], .vllm)
        #expect(late.chunks.head == #"{"id":"x","object":"chat.completion.chunk","created":3,"model":"m","#)
    }

    @Test("A stream without its end is cut off, one without content is none")
    func ends() {
        let text = OpenAIStreamSurprise.delta(#""content":"a""#)
        #expect(self.run([text], .vllm).end == .truncated)
        #expect(self.run([OpenAIStreamSurprise.delta(#""role":"assistant","content":"""#)], .vllm).end == .noContent)
        #expect(self.run([text, "[DONE]"], .vllm).end == .complete)
        #expect(self.run([text, OpenAIStreamSurprise.finish("stop")], .vllm).end == .complete)
    }

    @Test("Usage that the gateway has counted says so")
    func estimated() {
        let body =
            "data: \(OpenAIStreamSurprise.finish("stop", #","usage":{"prompt_tokens":1,"completion_tokens":2}"#))\n\n"
        let stream = TranslatedStream(
            [Array(body.utf8)], TranslatedStream.context(.vllm, wantsUsage: true), isEstimated: true)
        #expect(stream.payloads.dropLast().last?.hasSuffix(#","estimated":true}}"#) == true)
    }

    @Test("Whatever the provider sends, what goes out is JSON, event by event", arguments: OpenAIStreamSurprise.all)
    func mutations(_ surprise: OpenAIStreamSurprise) throws {
        let reader = DialectReader()
        let parser = JSONReader()
        var random = SplitMix(seed: 66)
        let spice = Array("{}[],:\"\\u0n\n\r7-.e \u{7F}é".utf8) + [0x00, 0xC3, 0xED, 0xA0, 0xFF]
        for endpoint in [Endpoint.chatCompletions, .messages, .completions] {
            let context = TranslatedStream.context(surprise.dialect, endpoint, wantsUsage: true)
            guard context.passage == .translated else { continue }
            for _ in 0..<60 {
                var body = surprise.body
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let place = Int.random(in: 0..<body.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: body.remove(at: place)
                    case 1: body.insert(spice[Int.random(in: 0..<spice.count, using: &random)], at: place)
                    case 2: body[place] = spice[Int.random(in: 0..<spice.count, using: &random)]
                    default: body.removeSubrange(place..<min(body.count, place + 40))
                    }
                }
                let stream = TranslatedStream([body], context, reader: reader)
                #expect(stream.releasesAreWhole)
                for event in StreamOracle.events(Array(stream.text.utf8)) {
                    let payload = String(decoding: event, as: UTF8.self).split(separator: "\n").last ?? ""
                    guard payload != "data: [DONE]" else { continue }
                    #expect(throws: Never.self, "\(String(decoding: body, as: UTF8.self))") {
                        try parser.read(Array(payload.dropFirst("data: ".count).utf8), maximumBytes: 1 << 20)
                    }
                }
            }
        }
    }
}
