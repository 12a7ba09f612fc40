import Dialects
import Domain
import JSON
import Testing

/// Which way a request goes, and requests that really were sent.
@Suite("RequestTranslator")
struct RequestTranslatorTests {
    private let chat = #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#

    @Test("A provider's own words pass byte for byte")
    func exact() throws {
        for (endpoint, dialect) in [
            (Endpoint.chatCompletions, Dialect.openai), (.completions, .openai), (.embeddings, .openai),
            (.moderations, .openai), (.imageGenerations, .openai), (.messages, .anthropic), (.countTokens, .anthropic),
            (.moderations, .mistral), (.imageGenerations, .together), (.embeddings, .ollama),
        ] {
            // Not even read: it may be anything.
            guard case .exact = try RequestFixture(endpoint, to: dialect).request(self.chat) else {
                Issue.record("\(endpoint.label) was changed for \(dialect.name)")
                continue
            }
        }
        guard case .exact = try RequestFixture(to: .openai).request("no JSON") else {
            Issue.record("OpenAI's bytes were read")
            return
        }
    }

    @Test("Endpoints that a provider has not are named")
    func missing() {
        let fixture = RequestFixture(.embeddings, to: .anthropic)
        #expect(fixture.refusal(#"{"input":"x"}"#) == "400 unsupported_endpoint -")
        #expect(fixture.message("{}") == "Provider 'p' (Anthropic) has no embeddings.")
        #expect(RequestFixture(.imageGenerations, to: .groq).message("{}").hasSuffix("has no images/generations."))
    }

    @Test("Chats cross in both directions")
    func crossing() throws {
        let sent = try RequestFixture.tree(try RequestFixture(to: .anthropic).body(self.chat))
        #expect(sent["max_tokens"]?.integer == 9)
        #expect(sent["messages"]?.array?.count == 1)
        let family = try RequestFixture.tree(try RequestFixture(.messages, to: .vllm).body(self.chat))
        #expect(family["messages"]?.array?.first?["content"]?.string == Array("hi".utf8))
    }

    @Test("Tokens are counted here where the provider counts none")
    func counting() throws {
        func count(_ members: String, _ text: String = "hello") throws -> Int {
            let body = #"{"model":"m","messages":[{"role":"user","content":"\#(text)"}]\#(members)}"#
            guard case .countHere(let bytes) = try RequestFixture(.countTokens, to: .openai).request(body) else {
                Issue.record("not counted here")
                return 0
            }
            return bytes
        }
        let plain = try count("")
        #expect(plain >= 5)
        #expect(try count("", "hello, world") == plain + 7)
        #expect(try count(#","system":"be kind""#) > plain)
        #expect(try count(#","tools":[{"name":"f","input_schema":{"type":"object"}}]"#) > plain + 17)
        #expect(
            RequestFixture(.countTokens, to: .openai).refusal(#"{"model":"m","messages":3}"#).hasPrefix("400"))
    }

    @Test(
        "What cannot be read is refused",
        arguments: [
            "", "[]", "3", "{", #"{"a":tru}"#, #"{"a":01}"#, #"{"a":"\x"}"#, #"{"a":1,}"#, "{} {}", #"{"a":"\ud800"}"#,
        ])
    func invalid(_ body: String) {
        for (endpoint, dialect) in [
            (Endpoint.chatCompletions, Dialect.anthropic), (.messages, .groq), (.completions, .anthropic),
            (.countTokens, .groq),
        ] {
            let refusal = RequestFixture(endpoint, to: dialect).refusal(body)
            #expect(refusal.hasPrefix("400 invalid"), "\(endpoint.label): \(refusal)")
        }
        let fixture = RequestFixture(to: .anthropic)
        #expect(!fixture.message(#"{"a":1,}"#).isEmpty)
    }

    @Test("What nests too deep to be read is refused; it never traps")
    func deep() throws {
        func body(_ depth: Int) -> String {
            #"{"model":"m","messages":[{"role":"user","content":"x"}],"metadata":"#
                + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        }
        for depth in [200, 1_500, 100_000] {
            let fixture = RequestFixture(to: .anthropic)
            #expect(fixture.refusal(body(depth)) == "400 invalid_json -")
            #expect(fixture.message(body(depth)).contains("nested too deeply") || depth > 1_000)
            // Not read into a tree: only what is not JSON at all is refused.
            _ = RequestFixture(to: .mistral).refusal(body(depth))
        }
        #expect(RequestFixture(to: .anthropic, drops: true).refusal(body(50)).hasPrefix("none"))
    }

    @Test("Bytes that are no UTF-8 are refused")
    func utf8() {
        let bytes = Array(#"{"model":"m","messages":[{"role":"user","content":""#.utf8) + [0xFF] + Array(#""}]}"#.utf8)
        for dialect in [Dialect.anthropic, .mistral] {
            #expect(throws: GatewayError.self) { try RequestFixture(to: dialect).request(bytes) }
        }
    }

    // MARK: Requests that were sent

    private static let doors: [String: Endpoint] = ["chat.completions": .chatCompletions, "messages": .messages]

    /// What providers that have a row took.
    private static let sent = Recording.all.filter {
        $0.status == 200 && $0.request != .null && $0.dialect != nil && Self.doors[$0.api] != nil
    }

    private static func bytes(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter()
        writer.value(value)
        return writer.bytes
    }

    @Test("What providers took goes to them as it was", .withRecordings, arguments: Self.sent)
    func recorded(_ sent: Recording) throws {
        let dialect = try #require(sent.dialect)
        guard Self.doors[sent.api] == .chatCompletions, dialect != .anthropic else { return }
        let result = try RequestFixture(to: dialect).request(Self.bytes(sent.request))
        if case .exact = result { return }
        guard case .body(let bytes) = result else {
            Issue.record("\(sent.name): an image was to be fetched")
            return
        }
        // Only what asks for nothing may go: one choice of one, thoughts said twice.
        let before = sent.request
        let after = try RequestFixture.tree(String(decoding: bytes, as: UTF8.self))
        guard case .object(let old) = before, case .object(let new) = after else { return }
        let names = Set(old.map(\.key)).symmetricDifference(new.map(\.key)).map { String(decoding: $0, as: UTF8.self) }
        #expect(Set(names).isSubset(of: ["n"]), "\(sent.name): \(names)")
        for (a, b) in zip(before["messages"]?.array ?? [], after["messages"]?.array ?? []) {
            #expect(a["content"] == b["content"] && a["role"] == b["role"], "\(sent.name)")
        }
    }

    @Test(
        "What was sent can be said in the other dialect too", .withRecordings, arguments: Self.sent)
    func crossed(_ sent: Recording) throws {
        for dialect in [Dialect.anthropic, .openai, .mistral, .groq] {
            let fixture = RequestFixture(
                try #require(Self.doors[sent.api]), to: dialect, drops: true, fetches: true)
            let result: TranslatedRequest
            do throws(GatewayError) {
                result = try fixture.request(Self.bytes(sent.request))
            } catch {
                // What cannot be left out.
                #expect(error.status == 400 && error.source == .client)
                #expect(
                    error.code == "unsupported_parameter" || error.code == "invalid_value",
                    "\(sent.name): \(error.message)")
                continue
            }
            guard case .body(let bytes) = result else { continue }
            let tree = try JSONReader().read(bytes, maximumBytes: 64 << 20)
            #expect((tree["messages"]?.array ?? []).isEmpty == false, "\(sent.name)")
        }
    }
}
