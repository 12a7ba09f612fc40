import Dialects
import Domain
import HTTPClient
import IPC
import JSON
import Platform
import Testing

@testable import UpstreamWorker

/// The worker between front doors and providers of other dialects, over real sockets.
@Suite(.serialized)
struct DialectTests {
    private static let streamHead =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    private static let chat = #"{"model":"m","messages":[{"role":"user","content":"Hello"}]}"#
    private static let message = #"{"model":"m","max_tokens":64,"messages":[{"role":"user","content":"Hello"}]}"#
    private static let openAIReply = """
        {"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"real","choices":[{"index":0,"message":\
        {"role":"assistant","content":"Hi"},"finish_reason":"stop"}],\
        "usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}}
        """

    private static func settings(
        _ dialect: Dialect, path: String = "/v1", key: String? = "sk-1", headers: [(String, String)] = [],
        apiVersion: String? = nil
    ) -> (Int) -> ProviderSettings? {
        { port in
            ProviderSettings(
                name: "other", kind: .server(dialect, baseURL: "http://127.0.0.1:\(port)\(path)"),
                apiKey: key.map { Secret(Array($0.utf8)) }, apiVersion: apiVersion,
                headers: headers.map { ProviderSettings.Header(name: $0.0, value: Secret(Array($0.1.utf8))) })
        }
    }

    private static func chunked(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n0\r\n\r\n"
    }

    private func json(_ bytes: [UInt8]) throws -> JSONValue {
        try JSONReader().read(bytes, maximumBytes: 1 << 26)
    }

    /// One request of a provider that answers with `reply`, and what came of it.
    private struct Exchanged {
        var seen: [TestServer.Request] = []
        var reply: WorkerBench.Reply
        var attempts: Int

        /// The request's lines in lower case, its first one as it was.
        var lines: [String] {
            guard let lines = self.seen.first?.lines, let first = lines.first else { return [] }
            return [first] + lines.dropFirst().map { $0.lowercased() }
        }
    }

    private func exchange(
        _ settings: @escaping (Int) -> ProviderSettings?, _ endpoint: Endpoint, _ body: String, isStream: Bool = false,
        model: String = "m", version: String = "", beta: String = "",
        _ answer: @escaping (TestServer.Connection) -> Void
    ) throws -> Exchanged {
        var seen: [TestServer.Request] = []
        let pair = try WorkerPair(settings: settings) { connection, request in
            seen.append(request)
            answer(connection)
        }
        let stream = pair.worker.request(
            body, endpoint: endpoint, isStream: isStream, model: model, anthropicVersion: version,
            anthropicBeta: beta)
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        #expect(pair.worker.journal.isBalanced)
        #expect(pair.worker.services.active == 0)
        return Exchanged(
            seen: seen, reply: pair.worker.reply(stream), attempts: pair.worker.journal.attempts.count)
    }

    // MARK: Anthropic's provider

    @Test
    func aStreamThatIsCutKeepsTheProvidersCountOfThePrompt() throws {
        let events = AnthropicText.start + AnthropicText.blockStart + AnthropicText.text("Hi there")
        let pair = try WorkerPair(settings: Self.settings(.anthropic)) { connection, _ in
            connection.send(Self.streamHead + "\(String(events.utf8.count, radix: 16))\r\n\(events)\r\n")
        }
        for (endpoint, body) in [(Endpoint.chatCompletions, Self.chat), (.messages, Self.message)] {
            let stream = pair.worker.request(body, endpoint: endpoint, isStream: true, model: "m")
            #expect(try pair.run { pair.worker.reply(stream).chunks > 0 })
            pair.worker.cancel(stream)
            #expect(try pair.run { pair.worker.reply(stream).end != nil })
            let report = try #require(pair.worker.reply(stream).end?.attempts.first)
            #expect(report.billed == .yes && report.usageSource == .estimated)
            #expect(report.usage?.input == 9 && report.usage?.output ?? 0 > 0)
        }
    }

    @Test
    func anOpenAIClientGetsAnAnswerOfAnthropics() throws {
        let done = try self.exchange(Self.settings(.anthropic), .chatCompletions, Self.chat) {
            $0.reply(AnthropicText.reply("Hi"), headers: "request-id: req_1\r\nretry-after: 3\r\n")
        }
        #expect(done.lines.first == "POST /v1/messages HTTP/1.1")
        #expect(done.lines.contains("x-api-key: sk-1"))
        #expect(done.lines.filter { $0.hasPrefix("anthropic-") } == ["anthropic-version: 2023-06-01"])
        #expect(!done.lines.contains { $0.hasPrefix("authorization") })
        let sent = try self.json(try #require(done.seen.first).body)
        #expect(sent["max_tokens"] == .integer(4096))
        #expect(sent["messages"]?.array?.count == 1)
        let reply = try self.json(done.reply.body)
        #expect(reply["choices"]?.array?.first?["message"]?["content"]?.string == Array("Hi".utf8))
        #expect(done.reply.head?.providerRequestID == Array("req_1".utf8))
        #expect(done.reply.head?.retryAfter == nil)
        #expect(done.reply.head?.contentLength == UInt64(done.reply.body.count))
        #expect(done.reply.end?.usage == TokenUsage(input: 9, output: 2))
    }

    @Test
    func anOpenAIClientGetsAStreamOfAnthropics() throws {
        let body = Self.chat.dropLast() + #","stream":true,"stream_options":{"include_usage":true}}"#
        let done = try self.exchange(Self.settings(.anthropic), .chatCompletions, String(body), isStream: true) {
            $0.send(Self.streamHead + Self.chunked(AnthropicText.stream))
        }
        #expect(done.lines.contains("accept: text/event-stream, application/json"))
        #expect(done.reply.head?.isStream == true)
        #expect(done.reply.text.contains("\"Hi\"") && done.reply.text.hasSuffix("data: [DONE]\n\n"))
        #expect(done.reply.text.contains("\"total_tokens\":11"))
        #expect(done.reply.end?.failure == nil && done.reply.framesAfterEnd == 0)
        #expect(done.reply.end?.usage == TokenUsage(input: 9, output: 2))
    }

    @Test
    func anAnthropicClientReachesAnthropicByteForByte() throws {
        let reply = AnthropicText.reply("Hi")
        let done = try self.exchange(
            Self.settings(.anthropic), .messages, Self.message, version: "2023-01-01", beta: "a-1,b-2"
        ) { $0.reply(reply) }
        #expect(done.lines.first == "POST /v1/messages HTTP/1.1")
        #expect(done.seen.first.map { String(decoding: $0.body, as: UTF8.self) } == Self.message)
        #expect(
            Set(done.lines.filter { $0.hasPrefix("anthropic-") })
                == ["anthropic-version: 2023-01-01", "anthropic-beta: a-1,b-2"])
        #expect(done.reply.text == reply)
        #expect(done.reply.end?.usage == TokenUsage(input: 9, output: 2))
        #expect(done.reply.end?.finish == .stop)
        // Without headers of the client's the gateway names the version; those of the configuration come before both.
        let plain = try self.exchange(Self.settings(.anthropic), .messages, Self.message) { $0.reply(reply) }
        #expect(plain.lines.filter { $0.hasPrefix("anthropic-") } == ["anthropic-version: 2023-06-01"])
        let configured = try self.exchange(
            Self.settings(.anthropic, headers: [("Anthropic-Version", "2024-01-01"), ("anthropic-beta", "c-3")]),
            .messages, Self.message, version: "2023-01-01", beta: "a-1"
        ) { $0.reply(reply) }
        #expect(
            Set(configured.lines.filter { $0.hasPrefix("anthropic-") })
                == ["anthropic-version: 2024-01-01", "anthropic-beta: c-3"])
    }

    @Test
    func headersOfOneCallDoNotStayWithItsConnection() throws {
        var seen: [TestServer.Request] = []
        let pair = try WorkerPair(settings: Self.settings(.anthropic)) { connection, request in
            seen.append(request)
            connection.reply(AnthropicText.reply("Hi"))
        }
        for (version, beta) in [("1", "one"), ("", ""), ("2", ""), ("3", "three")] {
            let stream = pair.worker.request(
                Self.message, endpoint: .messages, anthropicVersion: version, anthropicBeta: beta)
            #expect(try pair.run { pair.worker.reply(stream).end != nil })
        }
        let lines = seen.map { request in request.lines.filter { $0.hasPrefix("anthropic-") }.sorted() }
        #expect(
            lines == [
                ["anthropic-beta: one", "anthropic-version: 1"], ["anthropic-version: 2023-06-01"],
                ["anthropic-version: 2"], ["anthropic-beta: three", "anthropic-version: 3"],
            ])
        #expect(pair.provider.accepted == 1)
    }

    @Test
    func anAnthropicStreamPassesByteForByteAndAnErrorInItToo() throws {
        let done = try self.exchange(Self.settings(.anthropic), .messages, Self.message, isStream: true) {
            $0.send(Self.streamHead + Self.chunked(AnthropicText.stream))
        }
        #expect(done.reply.text == AnthropicText.stream)
        #expect(done.reply.end?.failure == nil)
        #expect(done.reply.end?.usage == TokenUsage(input: 9, output: 2))
    }

    @Test
    func tokensAreCountedByAnthropicForNothing() throws {
        let done = try self.exchange(Self.settings(.anthropic), .countTokens, Self.message) {
            $0.reply(#"{"input_tokens":14}"#)
        }
        #expect(done.lines.first == "POST /v1/messages/count_tokens HTTP/1.1")
        #expect(done.reply.text == #"{"input_tokens":14}"#)
        #expect(done.reply.end?.attempts.map(\.billed) == [.no])
        #expect(done.reply.end?.usage == nil)
        #expect(done.reply.end?.attempts.map(\.cost) == [0])
    }

    // MARK: Providers of OpenAI's family

    @Test
    func anAnthropicClientGetsAnAnswerOfOpenAIs() throws {
        let done = try self.exchange(
            Self.settings(.openai), .messages, Self.message, version: "2023-06-01", beta: "x"
        ) { $0.reply(Self.openAIReply) }
        #expect(done.lines.first == "POST /v1/chat/completions HTTP/1.1")
        #expect(done.lines.contains("authorization: bearer sk-1"))
        #expect(!done.lines.contains { $0.hasPrefix("anthropic-") })
        let reply = try self.json(done.reply.body)
        #expect(reply["type"]?.string == Array("message".utf8))
        #expect(reply["content"]?.array?.first?["text"]?.string == Array("Hi".utf8))
        #expect(reply["stop_reason"]?.string == Array("end_turn".utf8))
        #expect(done.reply.end?.usage == TokenUsage(input: 5, output: 3))
    }

    @Test
    func tokensAreCountedHereWhereAProviderCountsNone() throws {
        let done = try self.exchange(Self.settings(.groq), .countTokens, Self.message) { $0.reply("{}") }
        #expect(done.seen.isEmpty && done.attempts == 0)
        #expect(done.reply.head?.status == 200)
        let tokens = try self.json(done.reply.body)["input_tokens"]?.integer ?? 0
        #expect(tokens > 0 && tokens < 100)
        #expect(done.reply.end?.failure == nil && done.reply.end?.attempts == [] && done.reply.end?.usage == nil)
    }

    @Test
    func azureIsCalledByDeployment() throws {
        let settings = Self.settings(.azure, path: "", apiVersion: "2024-10-21")
        for (endpoint, path) in [(Endpoint.chatCompletions, "chat/completions"), (.embeddings, "embeddings")] {
            let body =
                endpoint == .embeddings ? #"{"model":"gpt/4 o","input":"x"}"# : Self.chat
            let done = try self.exchange(settings, endpoint, body, model: "gpt/4 o") { $0.reply(Self.openAIReply) }
            #expect(
                done.lines.first
                    == "POST /openai/deployments/gpt%2F4%20o/\(path)?api-version=2024-10-21 HTTP/1.1")
            #expect(done.lines.contains("api-key: sk-1"))
            #expect(!done.lines.contains { $0.hasPrefix("authorization") })
            #expect(done.reply.end?.failure == nil)
        }
    }

    @Test
    func verdictsAndImagesHaveNoOutputToEstimate() throws {
        for endpoint in [Endpoint.moderations, .imageGenerations, .embeddings] {
            let done = try self.exchange(Self.settings(.openai), endpoint, Self.chat) {
                $0.reply(#"{"data":[""# + String(repeating: "x", count: 4000) + #""]}"#)
            }
            #expect(done.lines.first == "POST /v1\(endpoint.path) HTTP/1.1")
            let attempt = try #require(done.reply.end?.attempts.first)
            #expect(attempt.usageSource == .estimated && attempt.billed == .yes)
            #expect((attempt.usage?.input ?? 0) > 0 && attempt.usage?.output == 0)
        }
    }

    // MARK: Errors

    @Test
    func providersErrorsAreToldInTheWordsOfTheDoor() throws {
        let openAI = try self.exchange(Self.settings(.anthropic), .chatCompletions, Self.chat) {
            $0.reply(
                #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                status: "529 Overloaded", headers: "retry-after: 9\r\nx-should-retry: true\r\n")
        }
        #expect(openAI.reply.head?.status == 503 && openAI.reply.head?.retryAfter == Array("9".utf8))
        #expect(try self.json(openAI.reply.body)["error"]?["message"]?.string == Array("Overloaded".utf8))
        #expect(openAI.reply.end?.attempts.map(\.status) == [529])
        let anthropic = try self.exchange(Self.settings(.openai), .messages, Self.message) {
            $0.reply(
                #"{"error":{"message":"Slow down","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
                status: "429 Too Many Requests")
        }
        #expect(anthropic.reply.head?.status == 429)
        let body = try self.json(anthropic.reply.body)
        #expect(body["type"]?.string == Array("error".utf8))
        #expect(body["error"]?["type"]?.string == Array("rate_limit_error".utf8))
        #expect(body["error"]?["message"]?.string == Array("Slow down".utf8))
    }

    @Test
    func whatCannotBeTranslatedIsRefusedWithoutACall() throws {
        for (endpoint, body) in [
            (Endpoint.messages, #"{"model":"m","messages":7}"#), (.messages, "{"), (.countTokens, "[]"),
        ] {
            let done = try self.exchange(Self.settings(.openai), endpoint, body) { $0.reply("{}") }
            #expect(done.seen.isEmpty && done.attempts == 0)
            #expect(done.reply.head == nil)
            #expect(done.reply.end?.failure?.status == 400 && done.reply.end?.failure?.source == .client)
            #expect(done.reply.end?.attempts == [])
        }
        let done = try self.exchange(
            Self.settings(.anthropic), .embeddings, #"{"model":"m","input":"x"}"#
        ) { $0.reply("{}") }
        #expect(done.seen.isEmpty && done.attempts == 0)
        #expect(done.reply.end?.failure?.status == 400)
    }

    @Test
    func aTranslatedBodyIsChargedForItsGrowth() throws {
        // Room for the client's body, but not for what it becomes.
        let pair = try WorkerPair(bodyBudget: Self.message.utf8.count, settings: Self.settings(.openai)) {
            connection, _ in connection.reply(Self.openAIReply)
        }
        let stream = pair.worker.request(Self.message, endpoint: .messages)
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        let end = try #require(pair.worker.reply(stream).end)
        // Whether it grows is the translator's business: either way nothing is left taken.
        #expect(end.failure == nil || end.failure?.code == "gateway_unavailable")
        #expect(pair.worker.services.takeBodyBudget(Self.message.utf8.count))
    }

    // MARK: Images

    /// Answers when the test says so.
    private final class LateImages: ImageSource {
        final class Fetch: ImageFetching {
            var isCancelled = false
            func cancel() { self.isCancelled = true }
        }

        private(set) var asked: [[UInt8]] = []
        private(set) var fetch: Fetch?
        private var completion: ((Result<[FetchedImage], GatewayError>) -> Void)?

        func fetchImages(
            _ urls: [[UInt8]], completion: @escaping (Result<[FetchedImage], GatewayError>) -> Void
        ) -> any ImageFetching {
            self.asked = urls
            self.completion = completion
            let fetch = Fetch()
            self.fetch = fetch
            return fetch
        }

        func answer(_ result: Result<[FetchedImage], GatewayError>) {
            let completion = self.completion
            self.completion = nil
            completion?(result)
        }
    }

    private static let pictured = """
        {"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":\
        {"url":"https://images.test/a.png"}}]}]}
        """

    private func pictures(
        _ images: LateImages, _ seen: @escaping (TestServer.Request) -> Void
    ) throws -> (WorkerPair, UInt64) {
        let pair = try WorkerPair(
            images: images,
            settings: { port in
                var settings = Self.settings(.ollama)(port)
                settings?.fetchesImages = true
                return settings
            }
        ) { connection, request in
            seen(request)
            connection.reply(Self.openAIReply)
        }
        let stream = pair.worker.request(Self.pictured)
        #expect(try pair.run { images.fetch != nil || pair.worker.reply(stream).end != nil })
        return (pair, stream)
    }

    @Test
    func imagesAreFetchedBeforeTheCall() throws {
        let images = LateImages()
        var seen: [TestServer.Request] = []
        let (pair, stream) = try self.pictures(images) { seen.append($0) }
        #expect(images.asked == [Array("https://images.test/a.png".utf8)])
        #expect(seen.isEmpty && pair.worker.journal.attempts.isEmpty)
        images.answer(.success([FetchedImage(mediaType: Array("image/png".utf8), bytes: [1, 2, 3])]))
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        #expect(pair.worker.reply(stream).end?.failure == nil)
        let body = try #require(seen.first?.body)
        #expect(String(decoding: body, as: UTF8.self).contains("data:image/png;base64,AQID"))
        #expect(images.fetch?.isCancelled == false)
    }

    @Test
    func imagesThatCannotBeHadEndTheRequest() throws {
        let images = LateImages()
        let (pair, stream) = try self.pictures(images) { _ in }
        let error = GatewayError(
            code: "invalid_image_url", type: "invalid_request_error", status: 400, source: .client, message: "no")
        images.answer(.failure(error))
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        #expect(pair.worker.reply(stream).end?.failure == error)
        #expect(pair.worker.reply(stream).end?.attempts == [] && pair.worker.journal.attempts.isEmpty)
    }

    @Test
    func aCancelWhileImagesAreFetchedEndsTheFetch() throws {
        let images = LateImages()
        let (pair, stream) = try self.pictures(images) { _ in }
        pair.worker.cancel(stream)
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        #expect(pair.worker.reply(stream).end?.failure?.code == "cancelled")
        #expect(images.fetch?.isCancelled == true)
        #expect(pair.worker.services.active == 0)
        // Too late: nobody listens.
        images.answer(.success([]))
        try pair.settle()
        #expect(pair.worker.reply(stream).ends == 1)
    }

    // MARK: The simulated provider

    @Test
    func theSimulatedProviderIsReachedFromEveryDoor() throws {
        let worker = try WorkerBench([
            ProviderSettings(name: "sim", kind: .simulated(delay: 0, tokensPerSecond: 0))
        ])
        let message = worker.request(Self.message, endpoint: .messages)
        let stream = worker.request(
            String(Self.message.dropLast() + #","stream":true}"#), endpoint: .messages, isStream: true)
        let count = worker.request(Self.message, endpoint: .countTokens)
        let completion = worker.request(#"{"model":"m","prompt":"Hello"}"#, endpoint: .completions)
        let moderation = worker.request(#"{"model":"m","input":"Hello"}"#, endpoint: .moderations)
        let all = [message, stream, count, completion, moderation]
        #expect(try worker.run { all.allSatisfy { worker.reply($0).end != nil } })
        let whole = try self.json(worker.reply(message).body)
        #expect(whole["type"]?.string == Array("message".utf8))
        #expect((whole["usage"]?["output_tokens"]?.integer ?? 0) > 0)
        #expect(worker.reply(message).end?.usage != nil)
        #expect(worker.reply(stream).text.hasPrefix("event: message_start"))
        #expect(worker.reply(stream).text.contains("event: message_stop"))
        #expect(worker.reply(stream).end?.failure == nil && worker.reply(stream).end?.usage != nil)
        #expect(try self.json(worker.reply(count).body)["input_tokens"]?.integer ?? 0 > 0)
        #expect(try self.json(worker.reply(completion).body)["object"]?.string == Array("text_completion".utf8))
        #expect(worker.reply(moderation).head?.status == 400)
        #expect(worker.reply(moderation).text.contains("unsupported_endpoint"))
    }
}
