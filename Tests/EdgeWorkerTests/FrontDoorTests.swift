import Domain
import IPC
import Journal
import NIOCore
import Testing

@testable import EdgeWorker

/// The paths of the front doors, and what their own clients expect of each.
@Suite struct FrontDoorTests {
    static let messages = #"{"model":"smart","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#

    private func reply(
        _ request: String, _ change: (inout EdgeSnapshot) -> Void = { _ in }
    ) throws -> (head: String, body: String) {
        let client = try EdgeRig(change).client()
        try client.send(request)
        let text = try client.received()
        let end = try #require(text.firstRange(of: "\r\n\r\n"))
        return (String(text[..<end.lowerBound]), String(text[end.upperBound...]))
    }

    private func header(_ name: String, _ head: String) -> String? {
        head.components(separatedBy: "\r\n").first { $0.hasPrefix(name + ": ") }.map {
            String($0.dropFirst(name.count + 2))
        }
    }

    // MARK: Paths

    @Test(arguments: Endpoint.allCases)
    func everyDoorHasItsPaths(_ endpoint: Endpoint) {
        for prefix in ["/v1", "", "/api/v1"] {
            #expect(Route(path: prefix + endpoint.path) == .provider(endpoint))
            #expect(Route(path: prefix + endpoint.path + "/") != .provider(endpoint))
        }
        let atAnthropics = Route(path: "/anthropic/v1" + endpoint.path)
        #expect(atAnthropics == (endpoint.isAnthropic ? .provider(endpoint) : .unknown))
    }

    @Test func queriesAreNoPartOfThePath() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        for (path, endpoint) in [
            ("/v1/messages?beta=true", Endpoint.messages), ("/v1/messages/count_tokens?beta=true", .countTokens),
            ("/anthropic/v1/messages?", .messages), ("/v1/completions?x=/v1/messages", .completions),
        ] {
            try rig.client().send(FakeClient.post(Self.messages, path: path))
            #expect(try #require(try peer.request()).request.endpoint == endpoint)
        }
    }

    @Test(arguments: [
        ("/v1/responses", UnavailableAPI.responses), ("/responses/resp_1?stream=true", .responses),
        ("/v1/responses/resp_1/cancel", .responses), ("/v1/audio/speech", .audio),
        ("/v1/audio/transcriptions", .audio), ("/v1/images/edits", .imageEdits),
        ("/v1/images/variations", .imageEdits), ("/v1/files", .files), ("/v1/files/f/content", .files),
        ("/v1/batches", .batches), ("/v1/assistants", .assistants), ("/v1/threads/t/runs", .assistants),
        ("/v1/fine_tuning/jobs", .fineTuning), ("/v1/realtime", .realtime), ("/v1/rerank", .rerank),
        ("/v1/messages/batches", .messageBatches), ("/v1/messages/batches/b/results", .messageBatches),
        ("/anthropic/v1/messages/batches", .messageBatches), ("/v1/complete", .anthropicCompletion),
        ("/v1beta/models/gemini-2.5-pro:generateContent", .gemini), ("/v1beta/models", .gemini),
        ("/v1/models/gemini-2.5-pro:streamGenerateContent?alt=sse", .gemini),
        ("/v1beta/openai/chat/completions", .gemini),
        ("/v1/projects/p/locations/l/publishers/google/models/m:generateContent", .vertex),
        ("/v1beta1/projects/p/locations/l/publishers/google/models/m:rawPredict", .vertex),
        ("/model/anthropic.claude-v2:1/converse", .bedrock), ("/model/a%3A0/invoke-with-response-stream", .bedrock),
        ("/openai/deployments/d/chat/completions?api-version=2024-02-01", .azure), ("/v2/chat", .cohere),
        ("/api/chat", .ollama), ("/api/generate", .ollama),
    ])
    func whatIsNotServedYetSaysSo(_ path: String, _ api: UnavailableAPI) throws {
        #expect(Route(path: String(path.prefix { $0 != "?" })) == .unavailable(api))
        for method in ["GET", "POST"] {
            let (head, body) = try self.reply(FakeClient.head("\(method) \(path) HTTP/1.1", ["Content-Length: 0"]))
            #expect(head.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
            #expect(
                body.contains(#""code":"not_available_yet""#) && body.contains("is not available at this gateway yet"))
            #expect(body.contains(" instead.") == (api.instead != nil))
            #expect(body.hasPrefix(#"{"type":"error""#) == api.isAnthropic)
        }
    }

    @Test func everyAPIHasWords() {
        #expect(Set(UnavailableAPI.allCases.map(\.title)).count == UnavailableAPI.allCases.count)
        // What is recommended is served.
        for path in UnavailableAPI.allCases.compactMap(\.instead) {
            for path in path.components(separatedBy: " or ") {
                guard case .provider = Route(path: path) else { return #expect(Bool(false), "\(path)") }
            }
        }
    }

    @Test(arguments: [
        "/v1/messages/", "/v1/messages/x", "/messages/count_tokens/", "/v1/completion", "/v1/moderations/x",
        "/anthropic", "/anthropic/v1", "/anthropic/messages", "/v1/images", "/images/generation", "/apis", "/v1beta",
        "/model", "/administration", "/documents", "//", "/v1//messages", "/v1/images/edit", "/v1/v1/messages",
        "/V1/messages", "/v1/messages%2Fcount_tokens", "/v1/responsesx", "/projects/x",
    ])
    func everythingElseIsUnknown(_ path: String) {
        #expect(Route(path: path) == .unknown)
    }

    @Test func modelsWithColonsAreModels() {
        #expect(Route(path: "/v1/models/openai:gpt-4o") == .model(Array("openai:gpt-4o".utf8)))
        #expect(Route(path: "/anthropic/v1/models/a/b") == .model(Array("a/b".utf8)))
        #expect(Route(path: "/anthropic/v1/models") == .models)
    }

    @Test(arguments: ["/v1/messages", "/v1/completions", "/v1/moderations", "/v1/images/generations"])
    func onlyPost(_ path: String) throws {
        let (head, body) = try self.reply(FakeClient.head("GET \(path) HTTP/1.1"))
        #expect(head.hasPrefix("HTTP/1.1 405 ") && self.header("allow", head) == "POST")
        #expect(body.hasPrefix(#"{"type":"error""#) == (path == "/v1/messages"))
    }

    // MARK: Whose words

    @Test func errorsAreInTheWordsOfTheDoor() throws {
        let (head, body) = try self.reply(FakeClient.post(Self.messages, path: "/v1/messages", key: "wrong"))
        #expect(head.hasPrefix("HTTP/1.1 401 "))
        let record = try #require(self.header("x-sluice-record", head))
        #expect(self.header("request-id", head) == record)
        #expect(
            body
                == #"{"type":"error","error":{"type":"authentication_error","message":"Incorrect API key provided, "#
                + #"or none at all.","code":"invalid_api_key"},"request_id":"\#(record)"}"#)
        let openAI = try self.reply(FakeClient.post(FakeClient.chat, key: "wrong"))
        #expect(openAI.body.hasPrefix(#"{"error":{"message""#) && self.header("request-id", openAI.head) == nil)
    }

    @Test(arguments: [
        ("/v1/messages/x", false), ("/anthropic/x", false), ("/anthropic/v1/chat/completions", false), ("/x", true),
        ("/v1/models/none", true), ("/v1/models", true),
    ])
    func unknownPathsOfAnthropicsClients(_ path: String, _ needsVersion: Bool) throws {
        let version = needsVersion ? ["anthropic-version: 2023-06-01"] : []
        let (_, body) = try self.reply(FakeClient.head("GET \(path) HTTP/1.1", version))
        #expect(body.hasPrefix(#"{"type":"error","error":{"type":""#))
        if needsVersion {
            #expect(try self.reply(FakeClient.head("GET \(path) HTTP/1.1")).body.hasPrefix(#"{"error":{"#))
        }
    }

    @Test func openAIsDoorsKeepTheirWordsWhateverTheHeadersSay() throws {
        let request = FakeClient.post("{", headers: ["anthropic-version: 2023-06-01"])
        let (head, body) = try self.reply(request)
        #expect(body.hasPrefix(#"{"error":{"message""#) && self.header("request-id", head) == nil)
    }

    @Test func typesByStatus() throws {
        func type(_ request: String, _ change: (inout EdgeSnapshot) -> Void = { _ in }) throws -> String {
            let (head, body) = try self.reply(request, change)
            let type = body.components(separatedBy: #""error":{"type":""#).last?.prefix { $0 != "\"" } ?? ""
            return head.dropFirst(9).prefix(3) + " " + type
        }
        func post(_ body: String, headers: [String] = []) -> String {
            FakeClient.post(body, path: "/v1/messages", headers: headers)
        }
        #expect(try type(post("{")) == "400 invalid_request_error")
        #expect(try type(post("{}")) == "400 invalid_request_error")
        #expect(try type(post(#"{"model":"smart","model":"big"}"#)) == "400 invalid_request_error")
        #expect(try type(post("{}", headers: ["x-sluice-tags: \u{E4}"])) == "400 invalid_request_error")
        #expect(try type(post("{}", headers: ["Authorization: Basic x"])) == "401 authentication_error")
        #expect(
            try type(post(Self.messages)) {
                $0.routes.aliases = []; $0.routes.defaultProvider = nil
            } == "404 not_found_error")
        #expect(try type(FakeClient.head("PUT /v1/messages HTTP/1.1")) == "405 invalid_request_error")
        #expect(try type(post(Self.messages)) { $0.http.maxBody = 10 } == "413 request_too_large")
    }

    @Test func refusalsOfLimitsAndOfAGatewayInNeed() throws {
        let rig = try EdgeRig({ $0.limits.perKey = LimitSet([.requestsPerMinute: 1]) }, limited: true)
        let client = try rig.client()
        rig.journal.admission = .refused
        try client.send(FakeClient.post(Self.messages, path: "/v1/messages"))
        let full = try client.received()
        #expect(full.hasPrefix("HTTP/1.1 503 ") && full.contains(#""type":"overloaded_error""#))
        rig.journal.admission = .recorded
        let peer = try rig.upstream()
        try client.send(FakeClient.post(Self.messages, path: "/v1/messages"))
        try peer.answer(try #require(try peer.request()).stream, "{}")
        #expect(try client.received().hasPrefix("HTTP/1.1 200 OK"))
        try client.send(FakeClient.post(Self.messages, path: "/v1/messages"))
        let refused = try client.received()
        #expect(refused.hasPrefix("HTTP/1.1 429 ") && refused.contains("\r\nretry-after: "))
        #expect(refused.contains(#"{"type":"error","error":{"type":"rate_limit_error","#))
        #expect(refused.contains(#""limit":{"scope":"key","name":"requests_per_minute","#))
        #expect(refused.contains("\r\nrequest-id: "))
    }

    @Test(arguments: [
        (500, "api_error"), (502, "api_error"), (504, "timeout_error"), (529, "overloaded_error"),
        (403, "permission_error"),
    ])
    func failuresOfProviders(_ status: UInt16, _ type: String) throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        for (path, isAnthropic) in [("/v1/messages", true), ("/v1/chat/completions", false)] {
            let client = try rig.client()
            try client.send(FakeClient.post(Self.messages, path: path))
            let failure = GatewayError(
                code: "x", type: "server_error", status: status, source: .provider, message: "no")
            let stream = try #require(try peer.request()).stream
            try peer.send(StreamEnd(failure: failure).frame(stream: stream))
            let text = try client.received()
            #expect(text.hasPrefix("HTTP/1.1 \(isAnthropic || status != 529 ? status : 503) "))
            #expect(text.contains(#""type":"\#(type)""#) == isAnthropic)
        }
    }

    // MARK: Streams

    private static let messageStart = """
        event: message_start\ndata: {"type":"message_start"}\n\n
        """

    @Test func anErrorWithinAStream() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(#"{"model":"smart","stream":true}"#, path: "/v1/messages"))
        let (stream, request, _) = try #require(try peer.request())
        #expect(request.isStream && !request.askedForUsage)
        try peer.send(
            FakePeer.head(stream: true, type: "text/event-stream").frame(stream: stream)
                + FakePeer.chunk(Self.messageStart, stream))
        #expect(try client.received().contains("\r\nrequest-id: "))
        try peer.send(StreamEnd(failure: .upstreamLost).frame(stream: stream))
        let end = try client.received()
        #expect(end.contains("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","))
        #expect(!end.hasSuffix("0\r\n\r\n") && !client.isOpen)
    }

    @Test func commentsAreNoContentOfAnyStream() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        for path in ["/v1/messages", "/v1/completions", "/v1/chat/completions"] {
            rig.journal.clear()
            let client = try rig.client()
            try client.send(FakeClient.post(#"{"model":"smart","stream":true}"#, path: path))
            let stream = try #require(try peer.request()).stream
            try peer.send(
                FakePeer.head(stream: true, type: "text/event-stream").frame(stream: stream)
                    + FakePeer.chunk(": keep-alive\n\n", stream))
            rig.advance(.seconds(3))
            try peer.send(FakePeer.chunk(Self.messageStart, stream) + StreamEnd().frame(stream: stream))
            #expect(try client.received().contains(": keep-alive\n\n"))
            let settle = try #require(rig.journal.only)
            #expect(settle.isStream && settle.firstByte >= 3_000_000)
            #expect(settle.replyBytes == UInt64(Self.messageStart.utf8.count))
        }
    }

    // MARK: Models

    @Test func modelsInAnthropicsShape() throws {
        let headers = ["x-api-key: \(EdgeRig.key)", "anthropic-version: 2023-06-01"]
        let one =
            #"{"type":"model","id":"smart","display_name":"smart","created_at":"1970-01-01T00:00:00Z"}"#
        let list = #"{"data":[\#(one)],"has_more":false,"first_id":"smart","last_id":"smart"}"#
        #expect(try self.reply(FakeClient.head("GET /v1/models?limit=20 HTTP/1.1", headers)).body == list)
        #expect(try self.reply(FakeClient.head("GET /v1/models/smart HTTP/1.1", headers)).body == one)
        // Without a version, but at Anthropic's own path.
        let (head, body) = try self.reply(
            FakeClient.head("GET /anthropic/v1/models HTTP/1.1", ["x-api-key: \(EdgeRig.key)"]))
        #expect(body == list && self.header("request-id", head) != nil)
        let missing = try self.reply(FakeClient.head("GET /v1/models/x HTTP/1.1", headers)).body
        #expect(missing.contains(#""type":"not_found_error""#) && missing.contains(#""code":"model_not_found""#))
        let none = try self.reply(FakeClient.head("GET /v1/models HTTP/1.1", headers)) { $0.routes.aliases = [] }
        #expect(none.body == #"{"data":[],"has_more":false,"first_id":null,"last_id":null}"#)
    }

    @Test func anonymousCallersSeeTheirModelsInEitherShape() throws {
        for version in [[], ["anthropic-version: 2023-06-01"]] {
            let request = FakeClient.head("GET /v1/models HTTP/1.1", version)
            let (_, body) = try self.reply(request) {
                $0.authentication = .optional
                $0.routes.aliases.append(.init(name: Array("other".utf8), targets: $0.routes.aliases[0].targets))
                $0.limits.anonymous.models = [Array("other".utf8)]
            }
            #expect(body.contains(#""id":"other""#) && !body.contains("smart"))
        }
    }
}
