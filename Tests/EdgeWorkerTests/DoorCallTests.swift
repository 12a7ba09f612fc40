import Domain
import IPC
import Journal
import Limits
import NIOCore
import NIOEmbedded
import Testing

@testable import EdgeWorker

/// What each front door's requests become for an upstream, and what they hold.
@Suite struct DoorCallTests: LimitScene {
    private func sent(
        _ body: String, _ path: String, _ rig: EdgeRig, headers: [String] = []
    ) throws -> (request: ProviderRequest, body: String)? {
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(body, path: path, headers: headers))
        guard let (_, request, sent) = try peer.request() else { return nil }
        let edited = try #require(BodySplice.apply(request.calls[0].splices, to: sent))
        return (request, String(decoding: edited, as: UTF8.self))
    }

    // MARK: Plans

    @Test func theModelIsEditedAtEveryDoor() throws {
        for endpoint in Endpoint.allCases {
            let rig = try EdgeRig()
            let (request, body) = try #require(
                try self.sent(#"{"a":1,"model":"smart","stream":false}"#, "/v1" + endpoint.path, rig))
            #expect(request.endpoint == endpoint && !request.isStream && !request.askedForUsage)
            #expect(body == #"{"a":1,"model":"big","stream":false}"#)
            #expect(rig.journal.begins.map(\.endpoint) == [endpoint])
        }
    }

    @Test(arguments: [
        (Endpoint.chatCompletions, true, true), (.completions, true, true), (.messages, true, false),
        (.countTokens, false, false), (.embeddings, false, false), (.moderations, false, false),
        (.imageGenerations, false, false),
    ])
    func streams(_ endpoint: Endpoint, _ isStream: Bool, _ asksForUsage: Bool) throws {
        let (request, body) = try #require(
            try self.sent(#"{"model":"x","stream":true}"#, "/v1" + endpoint.path, EdgeRig()))
        #expect(request.isStream == isStream && request.askedForUsage == asksForUsage)
        #expect(body.contains("include_usage") == asksForUsage)
    }

    @Test func headersOfAnthropicsClientsGoAlong() throws {
        let headers = ["anthropic-version: 2023-06-01", "anthropic-beta: a", "anthropic-beta: b,c"]
        for path in ["/v1/messages?beta=true", "/v1/messages/count_tokens", "/v1/chat/completions"] {
            let (request, _) = try #require(try self.sent(FakeClient.chat, path, EdgeRig(), headers: headers))
            #expect(request.anthropicVersion == Array("2023-06-01".utf8))
            #expect(request.anthropicBeta == Array("a,b,c".utf8))
        }
        let (request, _) = try #require(try self.sent(FakeClient.chat, "/v1/messages", EdgeRig()))
        #expect(request.anthropicVersion.isEmpty && request.anthropicBeta.isEmpty)
    }

    @Test func unreadableHeadersAreRefused() throws {
        let rig = try EdgeRig()
        let client = try rig.client()
        try client.send(
            FakeClient.post(FakeClient.chat, path: "/v1/messages", headers: ["anthropic-beta: \u{E4}"]))
        let text = try client.received()
        #expect(text.hasPrefix("HTTP/1.1 400 ") && text.contains(#""code":"invalid_header""#))
        #expect(rig.journal.begins.isEmpty)
    }

    @Test func theModelsMaximumGoesAlongWhereTextIsWritten() throws {
        for endpoint in Endpoint.allCases {
            let (request, _) = try #require(
                try self.sent(#"{"model":"smart","max_tokens":9}"#, "/v1" + endpoint.path, self.rig([:])))
            #expect(request.calls.map(\.maximumOutput) == (endpoint.generatesText ? [2000, 1000] : [nil, nil]))
        }
    }

    @Test func moderationsNeedNoModel() throws {
        let standard = try #require(try self.sent(#"{"input":"a"}"#, "/v1/moderations", EdgeRig()))
        #expect(standard.body == #"{"input":"a"}"#)
        #expect(standard.request.calls[0].target.model == Array("omni-moderation-latest".utf8))
        let rig = try EdgeRig {
            $0.sharedCalls.isOn = false
            $0.routes.aliases.append(
                .init(
                    name: Array("omni-moderation-latest".utf8), targets: [Target(provider: 1, model: Array("m".utf8))]))
        }
        #expect(try self.sent(#"{"input":"a"}"#, "/moderations", rig)?.body == #"{"model":"m","input":"a"}"#)
        #expect(try self.sent("{}", "/moderations", rig)?.body == #"{"model":"m"}"#)
        for path in ["/v1/images/generations", "/v1/completions", "/v1/messages", "/v1/embeddings"] {
            #expect(try self.sent(#"{"input":"a"}"#, path, EdgeRig()) == nil)
        }
    }

    @Test(arguments: ["system", "prompt", "max_tokens", "model"])
    func membersThatDecideOccurOnce(_ name: String) throws {
        for bad in [
            #"{"model":"smart","\#(name)":null,"\#(name)":null}"#,
            #"{"model":"smart","\u00\#(String(name.utf8.first ?? 0, radix: 16))\#(name.dropFirst())":1}"#,
        ] {
            let rig = try EdgeRig()
            let client = try rig.client()
            try client.send(FakeClient.post(bad, path: "/v1/messages"))
            let text = try client.received()
            #expect(text.hasPrefix("HTTP/1.1 400 ") && text.contains(#"{"type":"error""#), "\(bad)")
        }
    }

    // MARK: Limits

    @Test func anthropicsDoorHoldsAndCutsByMaxTokens() throws {
        let rig = try self.rig([.totalTokens: 1000])
        let body = #"{"model":"smart","messages":[]}"#
        // The second target's catalogue knows another member, which Anthropic has not.
        let (request, sent) = try #require(try self.sent(body, "/v1/messages", rig))
        let room = 1000 - body.utf8.count
        #expect(sent == #"{"max_tokens":\#(room),"model":"big","messages":[]}"#)
        let spare = try #require(BodySplice.apply(request.calls[1].splices, to: Array(body.utf8)))
        #expect(String(decoding: spare, as: UTF8.self).hasPrefix(#"{"max_tokens":\#(room),"#))
        #expect(request.calls.map(\.maximumOutput) == [2000, 1000])
        #expect(rig.ledger.slot(.project).heldTokens == 1000)
    }

    @Test func countingTokensHoldsNone() throws {
        let rig = try self.rig([.totalCost: 1, .totalTokens: 1, .requestsPerMinute: 5])
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(Self.chat, path: "/v1/messages/count_tokens"))
        let (stream, request, _) = try #require(try peer.request())
        #expect(request.calls.count == 2)
        let demand = try #require(rig.ledger.demands.first)
        #expect(demand.requests == 1 && demand.tokens == 0 && demand.cost == 0)
        // The upstream is lost, and has begun to answer: still nothing was used.
        try peer.send(FakePeer.head(length: 20).frame(stream: stream) + FakePeer.chunk(#"{"input_"#, stream))
        try peer.channel.close().wait()
        rig.loop.run()
        let settle = try #require(rig.journal.only)
        #expect(settle.usage == TokenUsage() && settle.usageSource == .none && settle.cost == 0)
        #expect(rig.ledger.settles.map(\.tokens) == [0] && rig.ledger.settles.map(\.cost) == [0])
        #expect(rig.ledger.slot(.project).requests == 1)
    }

    @Test func aModelWithoutAPriceCanBeCounted() throws {
        let unpriced: (inout EdgeSnapshot) -> Void = {
            $0.prices = []
            $0.routes.aliases[0].targets = [Target(provider: 1, model: Array("big".utf8))]
            $0.limits.allowsUnknownPrice = false
        }
        #expect(try self.sent(Self.chat, "/v1/messages/count_tokens", self.rig([.totalCost: 9], unpriced)) != nil)
        #expect(try self.sent(Self.chat, "/v1/messages", self.rig([.totalCost: 9], unpriced)) == nil)
    }

    @Test func imagesNeedKnownMaxima() throws {
        let body = #"{"model":"smart","prompt":"a cat","n":2}"#
        let rig = try self.rig([.totalTokens: 1_000_000])
        #expect(try self.sent(body, "/v1/images/generations", rig)?.body.contains("max_tokens") == false)
        #expect(rig.ledger.slot(.project).heldTokens == 4000 + Int64(body.utf8.count))
        let unknown = try self.rig([.totalTokens: 1_000_000]) { $0.routes.models = [] }
        let client = try unknown.client()
        try client.send(FakeClient.post(body, path: "/v1/images/generations"))
        #expect(try client.received().contains(#""code":"unbounded_prompt""#))
    }

    @Test func completionsOfSeveralPrompts() throws {
        let rig = try self.rig([.totalTokens: 1_000_000]) { $0.routes.models = [] }
        let body = #"{"model":"smart","prompt":["a","b"]}"#
        #expect(
            try self.sent(body, "/v1/completions", rig)?.body
                == #"{"max_tokens":16,"model":"big","prompt":["a","b"]}"#)
        #expect(rig.ledger.slot(.project).heldTokens == 32 + Int64(body.utf8.count))
    }

    @Test func sizesThatBoundNothing() throws {
        let body =
            #"{"model":"smart","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":"#
            + #"{"type":"url","url":"https://a.example/b"}}]}]}"#
        let client = try self.rig().client()
        try client.send(FakeClient.post(body, path: "/v1/messages"))
        let text = try client.received()
        #expect(text.contains(#""type":"invalid_request_error""#) && text.contains(#""code":"unbounded_prompt""#))
    }
}
