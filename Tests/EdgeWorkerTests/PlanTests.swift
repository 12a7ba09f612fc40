import Domain
import IPC
import Journal
import NIOCore
import Testing

@testable import EdgeWorker

/// Which targets a request is sent with, and what its reply says of them.
@Suite struct PlanTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static func choice(_ provider: UInt16, _ model: String, _ weight: UInt32 = 1) -> RouteTable.Choice {
        .init(Target(provider: provider, model: bytes(model)), weight: weight)
    }

    private static func rig(limited: Bool = false, _ change: (inout EdgeSnapshot) -> Void = { _ in }) throws -> EdgeRig
    {
        try EdgeRig(
            {
                $0.routes.policies = [
                    RoutePolicy(), RoutePolicy(strategy: .weighted), RoutePolicy(strategy: .leastCost),
                ]
                $0.routes.aliases += [
                    .init(
                        name: bytes("auto"), choices: [],
                        route: .init(
                            threshold: 10, header: bytes("x-sluice-tier"), fast: [choice(1, "small")],
                            deep: [choice(0, "large"), choice(1, "larger")])),
                    .init(
                        name: bytes("mixed"), choices: [choice(0, "a", 1), choice(1, "b", 1)], policy: 1,
                        sticky: .user),
                    .init(
                        name: bytes("cheap"), choices: [choice(0, "dear"), choice(1, "gift"), choice(0, "unknown")],
                        policy: 2),
                    .init(name: bytes("m-*"), choices: [choice(1, "*")], tier: .deep),
                ]
                $0.prices = [Price(.init(input: 1_000_000, output: 1)), .free]
                $0.routes.models = [
                    .init(provider: 0, name: bytes("dear"), facts: ModelFacts(price: 0)),
                    .init(provider: 1, name: bytes("gift"), facts: ModelFacts(price: 1)),
                ]
                change(&$0)
            }, limited: limited)
    }

    private func models(_ request: ProviderRequest) -> [String] {
        request.calls.map { "\($0.target.provider):\(String(decoding: $0.target.model, as: UTF8.self))" }
    }

    /// What an upstream gets; nil where the request was refused.
    private func sent(
        _ body: String, _ headers: [String] = [], path: String = "/v1/chat/completions", key: String? = EdgeRig.key,
        in rig: EdgeRig? = nil
    ) throws -> ProviderRequest? {
        let rig = try rig ?? Self.rig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(body, path: path, key: key, headers: headers))
        return try peer.request()?.request
    }

    private func reply(
        _ body: String, _ headers: [String] = [], key: String? = EdgeRig.key, in rig: EdgeRig
    ) throws -> String {
        _ = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(body, key: key, headers: headers))
        return try client.received()
    }

    // MARK: Tiers

    @Test func thePromptsCharactersChooseTheTier() throws {
        func tier(_ messages: String, _ more: String = "") throws -> [String]? {
            try self.sent(#"{"model":"auto","messages":\#(messages)\#(more)}"#).map { self.models($0) }
        }
        let fast = ["1:small"]
        let deep = ["0:large", "1:larger"]
        #expect(try tier(#"[{"role":"a long role","content":"123456789"}]"#) == fast)
        #expect(try tier(#"[{"role":"user","content":"1234567890"}]"#) == deep)
        #expect(try tier(#"[{"role":"user","content":[{"type":"text","text":"12345"},{"text":"67890"}]}]"#) == deep)
        #expect(try tier(#"[{"content":"12345"},{"content":"6789"}]"#) == fast)
        #expect(try tier(#"[{"content":"12345"}]"#, #","system":[{"type":"text","text":"67890"}]"#) == deep)
        // Characters are no bytes, and an escape is one of them.
        #expect(try tier(#"[{"content":"äöüäöüäöü"}]"#) == fast)
        #expect(try tier(#"[{"content":"\n\n\"\u00e4\ud83d\ude00....."}]"#) == deep)
        #expect(try tier(#"[{"content":"\n\n\"\u00e4\ud83d\ude00...."}]"#) == fast)
        #expect(try tier("[]", #","prompt":["12345","67890"]"#) == deep)
        #expect(try tier("[]", #","input":"1234567890""#) == deep)
        #expect(try tier("[]", #","metadata":{"content":"1234567890"}"#) == fast)
        #expect(try tier(#"[{"image_url":"1234567890"}]"#) == fast)
    }

    @Test func theHeaderComesFirst() throws {
        let small = #"{"model":"auto","messages":[]}"#
        let request = try #require(try self.sent(small, ["X-Sluice-Tier: Deep"]))
        #expect(self.models(request) == ["0:large", "1:larger"])
        let large = #"{"model":"auto","messages":[{"content":"1234567890"}]}"#
        #expect(try self.sent(large, ["x-sluice-tier: fast"]).map { self.models($0) } == ["1:small"])
        for bad in [["x-sluice-tier: quick"], ["x-sluice-tier:"], ["x-sluice-tier: fast", "x-sluice-tier: deep"]] {
            let text = try self.reply(small, bad, in: Self.rig())
            #expect(text.hasPrefix("HTTP/1.1 400 ") && text.contains(#""code":"invalid_tier""#), "\(bad)")
        }
        // Nobody else reads it, and an alias may have a header of its own.
        #expect(try self.sent(FakeClient.chat, ["x-sluice-tier: quick"]) != nil)
        let named = try Self.rig { $0.routes.aliases[1].route?.header = Self.bytes("x-my-tier") }
        #expect(try self.sent(small, ["x-sluice-tier: deep", "x-my-tier: fast"], in: named)?.calls.count == 1)
        let wrong = try Self.rig { $0.routes.aliases[1].route?.header = Self.bytes("x-my-tier") }
        #expect(try self.reply(small, ["x-my-tier: quick"], in: wrong).contains(#""param":"x-my-tier""#))
        let other = try Self.rig { $0.routes.aliases[1].route?.header = Self.bytes("x-my-tier") }
        #expect(try self.sent(small, ["X-My-Tier: deep"], in: other)?.calls.count == 2)
    }

    // MARK: Strategies

    @Test func aUserStaysWhereHeIs() throws {
        func first(_ user: String, _ path: String = "/v1/chat/completions") throws -> String? {
            let member = path.hasSuffix("messages") ? #""metadata":{"user_id":"\#(user)"}"# : #""user":"\#(user)""#
            let body = #"{"model":"mixed","max_tokens":1,"messages":[],\#(member)}"#
            let request = try self.sent(body, path: path)
            #expect(request?.policy == 1 && request?.calls.count == 2)
            return request.flatMap { self.models($0).first }
        }
        let firsts = try (0..<24).map { try first("u\($0)") }
        #expect(Set(firsts) == ["0:a", "1:b"])
        #expect(try (0..<24).map { try first("u\($0)") } == firsts)
        #expect(try (0..<24).map { try first("u\($0)", "/v1/messages") } == firsts)
        // Without a user it is the key's.
        let body = #"{"model":"mixed","messages":[]}"#
        #expect(try Set((0..<8).map { _ in try self.sent(body)?.calls.first?.target.model }).count == 1)
    }

    @Test func theCheapestIsFirstAndTheUnknownLast() throws {
        let request = try self.sent(#"{"model":"cheap","messages":[]}"#)
        #expect(request.map { self.models($0) } == ["1:gift", "0:dear", "0:unknown"])
    }

    // MARK: Lists

    @Test func keysAndProjectsMayUseWhatTheirListsSay() throws {
        let body = #"{"model":"mixed","messages":[]}"#
        func rig(key: [String], project: [String]) throws -> EdgeRig {
            let rig = try Self.rig()
            let principal = try rig.keys.add("sk-sl-one", 77)
            rig.keys.keyModels[principal.key] = key.map { Self.bytes($0) }
            rig.keys.entities[.init(scope: .project, id: principal.project)] = EntityLimits(
                weight: 9, models: project.map { Self.bytes($0) })
            return rig
        }
        let free = try #require(try self.sent(body, key: "sk-sl-one", in: rig(key: [], project: [])))
        #expect(free.calls.count == 2 && free.weight == 9 && free.project == EntityID(high: 77, low: 77))
        #expect(try self.sent(body, key: "sk-sl-one", in: rig(key: ["mi*"], project: ["local:*"]))?.calls.count == 1)
        for (key, project) in [(["smart"], []), ([], ["smart"]), (["local:*"], ["openai:*"])] {
            let text = try self.reply(body, key: "sk-sl-one", in: rig(key: key, project: project))
            #expect(text.hasPrefix("HTTP/1.1 403 ") && text.contains(#""code":"model_not_allowed""#))
        }
        // The static key has its project's list.
        let own = try Self.rig()
        own.keys.entities[.init(scope: .project, id: .standard)] = EntityLimits(models: [Self.bytes("smart")])
        #expect(try self.reply(body, in: own).hasPrefix("HTTP/1.1 403 "))
    }

    /// The key is looked up with the head, and what it may use is kept for the requests that follow.
    @Test func aBodyThatComesAfterAChangeBringsNoOldListBack() throws {
        let rig = try Self.rig()
        let principal = try rig.keys.add("sk-sl-one", 77)
        let slow = try rig.client()
        let request = FakeClient.post(#"{"model":"smart","messages":[]}"#, key: "sk-sl-one")
        try slow.send(String(request.dropLast(10)))
        rig.keys.keyModels[principal.key] = [Self.bytes("mixed")]
        try slow.send(String(request.suffix(10)))
        for _ in 0..<2 {
            let text = try self.reply(#"{"model":"smart","messages":[]}"#, key: "sk-sl-one", in: rig)
            #expect(text.hasPrefix("HTTP/1.1 403 "))
        }
    }

    @Test func listsHoldForCallersWithoutAKey() throws {
        func rig() throws -> EdgeRig {
            try Self.rig {
                $0.authentication = .optional
                $0.limits.anonymous.models = [Self.bytes("local:b"), Self.bytes("smart")]
            }
        }
        let mixed = #"{"model":"mixed","messages":[]}"#
        #expect(try self.sent(mixed, key: nil, in: rig()).map { self.models($0) } == ["1:b"])
        let text = try self.reply(#"{"model":"cheap","messages":[]}"#, key: nil, in: rig())
        #expect(text.hasPrefix("HTTP/1.1 403 "))
    }

    @Test func aKeyWhoseListCannotBeReadIsNotServed() throws {
        let rig = try Self.rig()
        _ = try rig.keys.add("sk-sl-one", 77)
        rig.keys.rowsAreLost = true
        let text = try self.reply(FakeClient.chat, key: "sk-sl-one", in: rig)
        #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains(#""code":"identity_unavailable""#))
        for path in ["/v1/models", "/v1/models/smart"] {
            let client = try rig.client()
            try client.send(FakeClient.head("GET \(path) HTTP/1.1", ["x-api-key: sk-sl-one"]))
            #expect(try client.received().hasPrefix("HTTP/1.1 503 "))
        }
        let operators = try Self.rig()
        operators.keys.rowsAreLost = true
        #expect(try self.sent(FakeClient.chat, in: operators) != nil)
    }

    @Test func theListShowsWhatMayBeAskedFor() throws {
        let rig = try Self.rig()
        let principal = try rig.keys.add("sk-sl-one", 77)
        func list(_ path: String, _ key: String) throws -> String {
            let client = try rig.client()
            try client.send(FakeClient.head("GET \(path) HTTP/1.1", ["x-api-key: \(key)"]))
            return try client.received()
        }
        let all = try list("/v1/models", "sk-sl-one")
        for name in ["smart", "auto", "mixed", "cheap"] { #expect(all.contains(#""id":"\#(name)""#)) }
        #expect(!all.contains("m-*"))
        rig.keys.keyModels[principal.key] = [Self.bytes("openai:a"), Self.bytes("smart")]
        for path in ["/v1/models", "/anthropic/v1/models"] {
            let some = try list(path, "sk-sl-one")
            #expect(
                some.contains("smart") && some.contains("mixed") && !some.contains("auto") && !some.contains("cheap"))
        }
        #expect(try list("/v1/models/cheap", "sk-sl-one").hasPrefix("HTTP/1.1 404 "))
        #expect(try list("/v1/models/mixed", "sk-sl-one").hasPrefix("HTTP/1.1 200 "))
        #expect(try list("/v1/models", EdgeRig.key).contains("cheap"))
    }

    // MARK: Replies

    @Test func aReplySaysWhereItComesFrom() throws {
        let rig = try Self.rig { $0.corsOrigins = ["*"] }
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(#"{"model":"auto","messages":[{"content":"1234567890"}]}"#))
        let stream = try #require(try peer.request()).stream
        var head = FakePeer.head(length: 2)
        head.call = 1
        head.attempts = 3
        try peer.send(head.frame(stream: stream) + FakePeer.chunk("{}", stream) + StreamEnd().frame(stream: stream))
        let text = try client.received()
        #expect(
            text.contains(
                "\r\nx-sluice-provider: local\r\nx-sluice-model: larger\r\nx-sluice-tier: deep\r\nx-sluice-attempts: 3\r\n"
            ))
        #expect(
            text.contains(
                "x-sluice-max-tokens, x-sluice-provider, x-sluice-model, x-sluice-tier, x-sluice-attempts, x-sluice-lat"
            ))
    }

    @Test func namesThatAHeaderCannotHaveAreEncoded() throws {
        let rig = try Self.rig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(#"{"model":"m-caf\u00e9 5%","messages":[]}"#))
        try peer.answer(try #require(try peer.request()).stream, "{}")
        let text = try client.received()
        #expect(
            text.contains("\r\nx-sluice-model: caf%C3%A9%205%25\r\nx-sluice-tier: deep\r\nx-sluice-attempts: 1\r\n"))
        let longest = String(repeating: "\u{E4}", count: 127)
        try client.send(FakeClient.post(#"{"model":"m-\#(longest)","messages":[]}"#))
        try peer.answer(try #require(try peer.request()).stream, "{}")
        #expect(try client.received().contains("\(String(repeating: "%C3%A4", count: 127))\r\n"))
    }

    @Test func aFailureSaysWhatWasTried() throws {
        let rig = try Self.rig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(#"{"model":"cheap","messages":[]}"#))
        let stream = try #require(try peer.request()).stream
        let failure = GatewayError(
            code: "provider_unavailable", type: "server_error", status: 503, source: .provider, retry: .later,
            message: "all down", retryAfter: 12)
        let attempts = (1...2).map {
            AttemptReport(
                call: UInt8($0), number: UInt8($0), status: 500, billed: .no, usageSource: .none, usage: nil, cost: 0,
                firstContent: 0, total: 2, error: "provider_error")
        }
        try peer.send(
            StreamEnd(failure: failure, attempts: attempts, trail: [TrailStep(.failed, call: 1, detail: 500, at: 9)])
                .frame(stream: stream))
        let text = try client.received()
        #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains("\r\nretry-after: 12\r\nx-should-retry: true\r\n"))
        #expect(text.contains("\r\nx-sluice-provider: openai\r\nx-sluice-model: unknown\r\nx-sluice-attempts: 2\r\n"))
        let trail = try #require(DecisionTrail(packed: rig.journal.settles[0].trail))
        #expect(trail.alias == Self.bytes("cheap") && trail.strategy == .leastCost && trail.targets.count == 3)
        #expect(trail.steps == [TrailStep(.failed, call: 1, detail: 500, at: 9)])
        // One that never got so far has none.
        let full = GatewayError(
            code: "provider_overloaded", type: "rate_limit_error", status: 429, source: .gateway, retry: .later,
            message: "busy", retryAfter: 3)
        try client.send(FakeClient.post(FakeClient.chat))
        try peer.send(StreamEnd(failure: full).frame(stream: try #require(try peer.request()).stream))
        let refused = try client.received()
        #expect(
            refused.hasPrefix("HTTP/1.1 429 ") && refused.contains("\r\nretry-after: 3\r\nx-should-retry: true\r\n"))
        #expect(!refused.contains("x-sluice-attempts"))
    }

    // MARK: The trail

    @Test func aPlainRequestLeavesHowItWasLetIn() throws {
        let rig = try Self.rig()
        let peer = try rig.upstream()
        let client = try rig.client()
        for body in [FakeClient.chat, #"{"model":"m-x","messages":[]}"#, #"{"model":"openai:x","messages":[]}"#] {
            try client.send(FakeClient.post(body))
            try peer.answer(try #require(try peer.request()).stream, "{}")
            _ = try client.received()
        }
        let trails = rig.journal.settles.compactMap { DecisionTrail(packed: $0.trail) }
        try #require(trails.count == 3)
        #expect(trails.allSatisfy { $0.isPlain && $0.admission?.verdict == .unlimited })
        #expect(rig.journal.settles.allSatisfy { $0.trail.count <= DecisionTrail.shortSize })
        // What is set for the caller is read for the first of them.
        #expect(trails.map { $0.admission?.isCallerKnown } == [false, true, true])
    }

    @Test func theTrailSaysWhatWasLeftOut() throws {
        let rig = try Self.rig {
            $0.authentication = .optional
            $0.limits.anonymous.models = [Self.bytes("local:*")]
        }
        let peer = try rig.upstream()
        let client = try rig.client()
        for model in ["mixed", "auto"] {
            let body = #"{"model":"\#(model)","messages":[]}"#
            try client.send(FakeClient.post(body, key: nil))
            try peer.answer(try #require(try peer.request()).stream, "{}")
            _ = try client.received()
        }
        let trails = rig.journal.settles.compactMap { DecisionTrail(packed: $0.trail) }
        try #require(trails.count == 2)
        #expect(trails[0].targets.map { $0.model } == [Self.bytes("b")] && trails[0].tier == nil)
        #expect(trails[0].leftOut.map { $0.reason } == [.allowList] && trails[0].strategy == .weighted)
        #expect(trails[1].tier == .fast && trails[1].alias == Self.bytes("auto"))
        #expect(trails[1].leftOut.map { $0.reason } == [.otherTier, .otherTier])
    }
}
