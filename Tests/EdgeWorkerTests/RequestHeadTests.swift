import Domain
import NIOHTTP1
import Testing

@testable import EdgeWorker

@Suite struct RequestHeadTests {
    private func head(
        _ headers: [(String, String)], method: HTTPMethod = .POST, minor: Int = 1, uri: String = "/a?b=c"
    ) -> RequestHead {
        RequestHead(
            HTTPRequestHead(
                version: .init(major: 1, minor: minor), method: method, uri: uri,
                headers: HTTPHeaders([("Host", "a")] + headers)))
    }

    @Test func pathAndLine() {
        let head = self.head([])
        #expect(head.path == "/a" && head.target == "/a?b=c")
        #expect(head.requestLineBytes == "POST /a?b=c HTTP/1.1\r\n".utf8.count)
        #expect(head.headerBytes == 5)
    }

    @Test func lengths() {
        #expect(self.head([]).body == .none)
        #expect(self.head([("content-length", "0")]).body == .none)
        #expect(self.head([("CONTENT-LENGTH", "12")]).body == .known(12))
        #expect(self.head([("Transfer-Encoding", "Chunked")]).body == .chunked)
        for bad in ["", " 1", "+1", "-1", "1_0", "0x1", "1.0", "18446744073709551616", "９"] {
            #expect(self.head([("content-length", bad)]).isMalformed, "\(bad)")
        }
        #expect(!self.head([("content-length", "18446744073709551615")]).isMalformed)
        #expect(self.head([("transfer-encoding", "chunked"), ("content-length", "1")]).isMalformed)
        #expect(self.head([("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")]).isMalformed)
        #expect(self.head([("transfer-encoding", "xchunked")]).isMalformed)
        #expect(self.head([("transfer-encoding", "chunked")], minor: 0).isMalformed)
    }

    @Test func credentials() {
        #expect(self.head([]).credential == .none)
        #expect(self.head([("authorization", "Bearer a b")]).credential == .key("a b"))
        #expect(self.head([("authorization", "BEARER\ta")]).credential == .key("a"))
        #expect(self.head([("api-key", "k"), ("x-api-key", "k")]).credential == .key("k"))
        #expect(self.head([("api-key", "k"), ("x-api-key", "K")]).credential == .unusable)
        #expect(self.head([("api-key", "\u{E9}"), ("x-api-key", "e\u{301}")]).credential == .unusable)
        #expect(self.head([("authorization", "Digest x")]).credential == .unusable)
        #expect(self.head([("authorization", "Bearerx")]).credential == .unusable)
    }

    @Test func headersOfAnthropicsClients() {
        let head = self.head([
            ("anthropic-version", "2023-06-01"), ("Anthropic-Beta", "a,b"), ("anthropic-version", "2023-06-01"),
            ("anthropic-beta", ""), ("anthropic-beta", "c"),
        ])
        #expect(head.anthropicVersion == Array("2023-06-01".utf8) && head.anthropicBeta == Array("a,b,c".utf8))
        #expect(!head.hasInvalidAnthropicHeader && !head.isMalformed)
        let longest = String(repeating: "a", count: 1024)
        #expect(!self.head([("anthropic-beta", longest), ("anthropic-version", longest)]).hasInvalidAnthropicHeader)
        for bad in [
            [("anthropic-version", "1"), ("anthropic-version", "2")], [("anthropic-version", longest + "a")],
            [("anthropic-beta", longest), ("anthropic-beta", "a")], [("anthropic-beta", "\u{E4}")],
            [("anthropic-version", "a\tb")], [("anthropic-beta", "a\u{7F}")],
        ] {
            #expect(self.head(bad).hasInvalidAnthropicHeader, "\(bad)")
        }
        // Names of the same length.
        #expect(!self.head([("anthropic-betb", "\u{E4}"), ("anthropic-versiom", "\u{E4}")]).hasInvalidAnthropicHeader)
    }

    @Test func connection() {
        #expect(self.head([]).keepsAlive)
        #expect(!self.head([("connection", "keep-alive, close")]).keepsAlive)
        #expect(!self.head([], minor: 0).keepsAlive)
        #expect(self.head([("connection", "Keep-Alive")], minor: 0).keepsAlive)
        #expect(!self.head([("upgrade", "websocket")]).keepsAlive)
    }

    @Test func routes() {
        #expect(Route(path: "/api/v1/chat/completions") == .provider(.chatCompletions))
        #expect(Route(path: "/embeddings") == .provider(.embeddings))
        #expect(Route(path: "/v1/models/openai/gpt-4o") == .model(Array("openai/gpt-4o".utf8)))
        #expect(Route(path: "/v1/models/a%2Fb%00") == .model([0x61, 0x2F, 0x62, 0]))
        for path in ["/v1/models/", "/v1/models/%", "/v1/models/%4", "/v1/models/%+1", "", "/v1/\u{212A}", "/health/"] {
            #expect(Route(path: path) == .unknown, "\(path)")
        }
    }
}
