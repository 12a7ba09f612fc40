import Domain
import JSON
import Testing

@testable import Dialects

/// What providers say of a call that its cost depends on, beside the tokens of texts.
@Suite("UsageTerms")
struct UsageTermsTests {
    private let reader = DialectReader()

    private static func units(_ counts: [UnitClass: Int64]) -> CallUnits? {
        var units = CallUnits()
        for (unitClass, count) in counts { units[unitClass] = count }
        return units.isEmpty ? nil : units
    }

    // MARK: Tokens

    @Test(
        "Classes of few models",
        arguments: [
            (  // OpenAI's realtime models: what was cached is audio, text and images.
                #"{"prompt_tokens":700,"completion_tokens":5,"prompt_tokens_details":{"text_tokens":300,"audio_tokens":300,"image_tokens":100,"cached_tokens":250,"cached_tokens_details":{"text_tokens":100,"audio_tokens":120,"image_tokens":30}}}"#,
                TokenUsage(
                    input: 200, cacheRead: 100, output: 5, audioInput: 180, image: 70, cacheReadAudio: 120,
                    cacheReadImage: 30)
            ),
            (  // More cached audio than was cached, or heard.
                #"{"prompt_tokens":100,"prompt_tokens_details":{"audio_tokens":10,"cached_tokens":20,"cached_tokens_details":{"audio_tokens":50,"image_tokens":50}}}"#,
                TokenUsage(input: 80, cacheReadAudio: 20)
            ),
            (  // Models that make pictures and films in a chat.
                #"{"prompt_tokens":9,"completion_tokens":1400,"prompt_tokens_details":{"video_tokens":3},"completion_tokens_details":{"reasoning_tokens":40,"image_tokens":1290,"video_tokens":60}}"#,
                TokenUsage(input: 6, output: 10, reasoning: 40, imageOutput: 1290, videoInput: 3, videoOutput: 60)
            ),
            (  // Perplexity's research: reasoning and citations are beside the reply.
                #"{"prompt_tokens":33,"completion_tokens":7163,"total_tokens":7196,"citation_tokens":20016,"num_search_queries":18,"reasoning_tokens":73997}"#,
                TokenUsage(input: 33, output: 7163, reasoning: 73_997, citation: 20_016)
            ),
            (
                #"{"prompt_tokens":3,"completion_tokens":4,"citation_tokens":-1,"reasoning_tokens":2}"#,
                TokenUsage(input: 3, output: 2, reasoning: 2)
            ),
        ])
    func classes(_ object: String, _ expected: TokenUsage) throws {
        let body = Array(#"{"id":"x","choices":[{"message":{"content":"a"}}],"usage":\#(object)}"#.utf8)
        #expect(self.reader.openAI.readReply(body)?.usage == expected)
        let translated = try OpenAIReplyFamilyReader.read(body, Self.context, reader: self.reader)
        #expect(translated.usage == expected)
    }

    private static let context = TranslationContext(
        endpoint: .chatCompletions, row: ProviderTable.row(.openai), provider: "p", isStream: true, wantsUsage: true)

    @Test("What was read is written as it was said")
    func writesBack() throws {
        let usage = TokenUsage(
            input: 200, cacheRead: 100, output: 10, reasoning: 40, audioInput: 180, image: 70, cacheReadAudio: 120,
            cacheReadImage: 30, imageOutput: 1290, videoInput: 3, videoOutput: 60)
        var writer = JSONWriter()
        OpenAIUsageWriter.write(usage, extras: [], isEstimated: false, into: &writer)
        let body = Array("{\"usage\":".utf8) + writer.bytes + Array("}".utf8)
        #expect(self.reader.openAI.readReply(body)?.usage == usage)
        // Citations go along as the provider has said them.
        var cited = JSONWriter()
        OpenAIUsageWriter.write(
            TokenUsage(input: 5, citation: 9), extras: [RawMember(key: Array("citation_tokens".utf8), value: [0x39])],
            isEstimated: false, into: &cited)
        let text = String(decoding: cited.bytes, as: UTF8.self)
        #expect(text.contains(#""prompt_tokens":5"#) && text.contains(#""citation_tokens":9"#))
    }

    // MARK: OpenAI

    @Test(
        "Services and units of a whole reply",
        arguments: [
            (#"{"service_tier":"priority"}"#, .priority, [:]), (#"{"service_tier":"flex"}"#, .flex, [:]),
            (#"{"service_tier":"default"}"#, .standard, [:]), (#"{"service_tier":"scale"}"#, .standard, [:]),
            (#"{"service_tier":"on_demand"}"#, .standard, [:]), (#"{"service_tier":"batch"}"#, .batch, [:]),
            (#"{"service_tier":"ultrafast"}"#, .ultrafast, [:]), (#"{"service_tier":"auto"}"#, nil, [:]),
            (#"{"service_tier":null}"#, nil, [:]), (#"{"service_tier":7,"usage":null}"#, nil, [:]),
            (#"{"service_tier":"Priority"}"#, nil, [:]),
            (#"{"usage":{"prompt_tokens":1,"num_search_queries":18,"search_context_size":"high"}}"#, nil, [.query: 18]),
            (#"{"usage":{"prompt_tokens":1,"search_context_size":"low"}}"#, nil, [.queryLow: 1]),
            (#"{"usage":{"prompt_tokens":1,"search_context_size":"medium"}}"#, nil, [.query: 1]),
            (#"{"usage":{"prompt_tokens":1,"search_context_size":"high"}}"#, nil, [.queryHigh: 1]),
            (#"{"usage":{"prompt_tokens":1,"num_search_queries":0,"search_context_size":"low"}}"#, nil, [:]),
            (#"{"usage":{"prompt_tokens":1,"prompt_audio_seconds":30}}"#, nil, [.audioInput: 30_000]),
            (#"{"usage":{"prompt_tokens":1,"server_tool_use":{"web_search_requests" : 3}}}"#, nil, [.query: 3]),
            (#"{"usage":{"prompt_tokens":1,"server_tool_use":{"web_search_requests":-3}}}"#, nil, [:]),
            (#"{"usage":{"prompt_tokens":1,"server_tool_use":{"web_search_requests":1.5}}}"#, nil, [:]),
            (
                #"{"usage":{"prompt_tokens":1,"service_tier":"priority"},"service_tier":"flex"}"#, .flex, [:]
            ),
        ] as [(String, ServiceTier?, [UnitClass: Int64])])
    func whole(_ body: String, _ service: ServiceTier?, _ units: [UnitClass: Int64]) {
        let terms = UsageTerms(service: service, units: Self.units(units))
        #expect(self.reader.openAI.readReply(Array(body.utf8))?.terms == terms)
    }

    @Test("A reply that is translated says the same, and its members go on to the client")
    func translated() throws {
        let body =
            #"{"id":"x","choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"service_tier":"priority","#
            + #""usage":{"prompt_tokens":1,"completion_tokens":1,"num_search_queries":2}}"#
        let reply = try OpenAIReplyFamilyReader.read(Array(body.utf8), Self.context, reader: self.reader)
        #expect(reply.terms == UsageTerms(service: .priority, units: CallUnits(.query, 2)))
        #expect(reply.extras.map(\.key) == [Array("service_tier".utf8)])
        #expect(reply.usageExtras.map(\.key) == [Array("num_search_queries".utf8)])
    }

    @Test("Images are counted, and what was generated for them are images")
    func images() {
        func read(_ body: String) -> UnaryReply? { self.reader.openAI.readReply(Array(body.utf8), countsImages: true) }
        let two = read(#"{"created":1,"data":[{"b64_json":"{[\"AA"},{"url":"x","data":[{},{}]}],"background":[1]}"#)
        #expect(two?.terms.units == CallUnits(.imageOutput, 2) && two?.usage == nil)
        #expect(read(#"{"data":[]}"#)?.terms.units == nil && read(#"{"data":{}}"#)?.terms.units == nil)
        let usage = #"{"input_tokens":50,"output_tokens":4160,"total_tokens":4210,"#
        let details = #""input_tokens_details":{"text_tokens":10,"image_tokens":40}"#
        #expect(
            read(#"{"data":[{}],"usage":\#(usage)\#(details)}}"#)?.usage
                == TokenUsage(input: 10, image: 40, imageOutput: 4160))
        // gpt-image-1.5 writes, too.
        let told = #","output_tokens_details":{"image_tokens":4096,"text_tokens":64}}"#
        #expect(
            read(#"{"data":[{}],"usage":\#(usage)\#(details)\#(told)}"#)?.usage
                == TokenUsage(input: 10, output: 64, image: 40, imageOutput: 4096))
        let text = #","output_tokens_details":{"text_tokens":64}}"#
        #expect(
            read(#"{"data":[{}],"usage":\#(usage)\#(details)\#(text)}"#)?.usage
                == TokenUsage(input: 10, output: 64, image: 40, imageOutput: 4096))
        // Nobody says that an embedding is an image.
        let plain = self.reader.openAI.readReply(Array(#"{"data":[{}],"usage":\#(usage)\#(details)}}"#.utf8))
        #expect(plain?.terms.units == nil && plain?.usage == TokenUsage(input: 10, output: 4160, image: 40))
    }

    @Test("The service of a stream is what was said last")
    func streams() throws {
        func chunk(_ members: String) -> String { "data: {\"id\":\"x\",\(members)}\n\n" }
        let text = #""choices":[{"index":0,"delta":{"content":"a"}}]"#
        let events = [
            chunk(#""service_tier":"auto","choices":[{"index":0,"delta":{"role":"assistant"}}]"#),
            chunk(#""service_tier":"priority",\#(text)"#), chunk(text), chunk(text),
            chunk(#""choices":[{"index":0,"delta":{},"finish_reason":"stop"}]"#),
            chunk(#""service_tier":"default","choices":[],"usage":{"prompt_tokens":2,"num_search_queries":4}"#),
            "data: [DONE]\n\n",
        ]
        let expected = [
            nil, ServiceTier.priority, .priority, .priority, .priority, .standard, .standard,
        ]
        let filter = OpenAIStreamFilter(reader: self.reader.openAI, askedForUsage: true)
        let translator = StreamTranslator(Self.context, reader: self.reader)
        for (event, service) in zip(events, expected) {
            try unsafe Array(event.utf8).withUnsafeBytes {
                unsafe try filter.feed($0) { _ in }
                unsafe try translator.feed($0) { _ in }
            }
            #expect(filter.terms.service == service)
            #expect(translator.terms.service == service)
        }
        #expect(filter.terms.units == CallUnits(.query, 4) && translator.terms.units == CallUnits(.query, 4))
    }

    // MARK: Anthropic

    @Test(
        "Anthropic's usage",
        arguments: [
            (#"{"input_tokens":1,"service_tier":"priority"}"#, .priority, [:]),
            (#"{"input_tokens":1,"service_tier":"batch"}"#, .batch, [:]),
            (#"{"input_tokens":1,"service_tier":"standard","speed":"standard"}"#, .standard, [:]),
            (#"{"input_tokens":1,"service_tier":"standard","speed":"fast"}"#, .ultrafast, [:]),
            (#"{"input_tokens":1,"service_tier":null}"#, nil, [:]),
            (
                #"{"input_tokens":1,"server_tool_use":{"web_fetch_requests":7,"web_search_requests":2}}"#, nil,
                [.query: 2]
            ),
            (#"{"input_tokens":1,"server_tool_use":{"web_search_requests":0}}"#, nil, [:]),
            (#"{"input_tokens":1,"server_tool_use":null}"#, nil, [:]),
        ] as [(String, ServiceTier?, [UnitClass: Int64])])
    func anthropic(_ usage: String, _ service: ServiceTier?, _ units: [UnitClass: Int64]) throws {
        let terms = UsageTerms(service: service, units: Self.units(units))
        let body = Array(#"{"id":"m","content":[],"usage":\#(usage)}"#.utf8)
        #expect(AnthropicUnaryReader.readReply(body, reader: self.reader)?.terms == terms)
        let tree = try self.reader.trees.read(body, maximumBytes: body.count)
        let reply = try AnthropicReplyReader.read(tree, Self.context)
        #expect(reply.terms == terms && reply.usage?.input == 1)
        let start = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":\(usage)}}\n\n"
        let filter = AnthropicStreamFilter(reader: self.reader)
        try unsafe Array(start.utf8).withUnsafeBytes { unsafe try filter.feed($0) { _ in } }
        #expect(filter.terms == terms)
    }

    // MARK: Hostile

    @Test("Counts are found whatever stands around them, and nothing traps")
    func nested() {
        func find(_ text: String) -> Int64? {
            unsafe Array(text.utf8).withUnsafeBytes { unsafe NestedCount.find("\"n\"", in: $0) }
        }
        #expect(find(#"{"n":1}"#) == 1 && find(#"{"a":{"n" :  23 }}"#) == 23)
        #expect(find(#"{"n":"7","n":8}"#) == 8 && find(#"{"n":-1}"#) == nil)
        for text in ["", "{}", #"{"n""#, #"{"n":"#, #"{"n": "#, #"{"n":99999999999999999999}"#, #""n""#] {
            #expect(find(text) == nil, "\(text)")
        }
    }
}
