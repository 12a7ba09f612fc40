import Dialects
import Domain
import JSON
import TestSupport
import Testing

/// Requests made at random: what comes out is JSON, says what it should, and nothing traps.
@Suite("Requests at random")
struct RequestPropertyTests {
    private static let values: [(String, [String])] = [
        ("model", [#""m""#]), ("store", ["true", "null"]), ("user", [#""u\n""#]), ("n", ["1"]),
        ("stream", ["true", "false"]), ("stream_options", [#"{"include_usage": true}"#, "null"]),
        ("max_tokens", ["5", "null"]), ("max_completion_tokens", ["7", "null"]), ("seed", ["0", "12"]),
        ("temperature", ["0.50"]), ("x_unknown", [#"[1, {"a" : [] }]"#, "{}"]), ("logprobs", ["false"]),
        ("metadata", [#"{"k":"v"}"#]), ("verbosity", [#""low""#]),
        (
            "messages",
            [
                "[]", #"[{"role":"user","content":"x"}]"#,
                #"[ {"name":null,"role" : "developer", "content":[{"type":"text","cache_control":{"type":"ephemeral"},"text":"y"}] } , {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}],"refusal":null,"reasoning_content":"t","annotations":[]},{"role":"tool","tool_call_id":"call_1","content":[{"type":"text","text":"z"}]}]"#,
            ]
        ), ("tools", [#"[{"type":"function","cache_control":{"type":"ephemeral"},"function":{"name":"f"}}]"#, "[]"]),
    ]

    private func body(_ random: inout SplitMix) -> String {
        func blank() -> String { ["", "", " ", "\n\t"][Int.random(in: 0..<4, using: &random)] }
        var members = Self.values.filter { _ in Bool.random(using: &random) }
        members.shuffle(using: &random)
        let texts = members.map { name, values in
            blank() + "\"\(name)\"" + blank() + ":" + blank() + values[Int.random(in: 0..<values.count, using: &random)]
                + blank()
        }
        return blank() + "{" + (texts.isEmpty ? blank() : texts.joined(separator: ",")) + "}" + blank()
    }

    @Test("Edited requests are JSON, without what the row leaves out and with all the rest")
    func edited() throws {
        var random = SplitMix(seed: 11)
        let fixtures = Dialect.allCases.filter { $0 != .anthropic && $0 != .openai }.map {
            ($0, RequestFixture(to: $0, drops: true))
        }
        for _ in 0..<400 {
            let body = self.body(&random)
            guard case .object(let before) = try RequestFixture.tree(body) else { continue }
            for (dialect, fixture) in fixtures {
                let text = try fixture.body(body)
                guard case .object(let after) = try RequestFixture.tree(text) else {
                    Issue.record("\(dialect.name): \(body) → \(text)")
                    continue
                }
                let names = after.map { String(decoding: $0.key, as: UTF8.self) }
                #expect(Set(names).count == names.count, "\(dialect.name): \(body) → \(text)")
                let kept = before.filter { member in
                    !ProviderTable.row(dialect).rules.contains { $0.member.utf8.elementsEqual(member.key) }
                }
                for member in kept {
                    let value = after.first { $0.key == member.key }?.value
                    if member.value == .null { continue }
                    #expect(
                        value != nil, "\(dialect.name) lost \(String(decoding: member.key, as: UTF8.self)): \(text)")
                    let isEdited = ["messages", "tools"].contains { $0.utf8.elementsEqual(member.key) }
                    if !isEdited { #expect(value == member.value, "\(dialect.name): \(body) → \(text)") }
                }
            }
        }
    }

    @Test("Damaged requests never trap, and a refusal is the client's fault")
    func damaged() throws {
        var random = SplitMix(seed: 5)
        let seeds = [
            #"{"model":"m","max_tokens":5,"system":"s","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"https://h/i.png"}},{"type":"image","source":{"type":"url","url":"https://h/i"}}]},{"role":"assistant","content":"b","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}],"thinking_blocks":[{"type":"thinking","thinking":"t","signature":"s"}]},{"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"\u00e9\n"}]}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}},"stop":["x"],"n":1,"temperature":0.5}"#,
            #"{"model":"m","prompt":"p","max_tokens":-1,"stop":null,"logit_bias":{"1":-100}}"#,
        ]
        let fixtures = [Endpoint.chatCompletions, .messages, .completions, .countTokens, .embeddings].flatMap { door in
            [Dialect.anthropic, .mistral, .ollama, .groq, .deepseek, .perplexity].map {
                RequestFixture(door, to: $0, drops: Bool.random(using: &random), fetches: true)
            }
        }
        let pieces = [
            "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "9223372036854775808", "-0", "1e400", "\u{0}", "é",
        ]
        for _ in 0..<600 {
            var bytes = Array(seeds[Int.random(in: 0..<seeds.count, using: &random)].utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...9, using: &random)))
                case 2:
                    bytes.insert(
                        contentsOf: Array(pieces[Int.random(in: 0..<pieces.count, using: &random)].utf8), at: at)
                default: bytes = Array(bytes[..<at])
                }
                if bytes.isEmpty { bytes = [0x7B] }
            }
            for fixture in fixtures {
                do throws(GatewayError) {
                    if case .needsImages(let pending) = try fixture.request(bytes) {
                        let image = FetchedImage(mediaType: Array("image/png".utf8), bytes: [1])
                        _ = try pending.body(pending.urls.map { _ in image })
                    }
                } catch {
                    #expect(error.status == 400 && error.source == .client, "\(error.message)")
                }
            }
        }
    }
}
