import Domain
import IPC
import Journal
import NIOCore
import Testing

@testable import EdgeWorker

/// Requests that may share a provider call.
@Suite struct SharedCallTests: LimitScene {
    private typealias Name = ProviderRequest.SharedName

    private static let same = #"{"model":"smart","messages":[],"temperature":0}"#

    private func name(
        _ body: String, _ headers: [String] = [], path: String = "/v1/chat/completions", key: String = EdgeRig.key,
        in rig: EdgeRig? = nil, _ peer: FakePeer? = nil
    ) throws -> Name? {
        let rig = try rig ?? EdgeRig()
        let peer = try peer ?? rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(body, path: path, key: key, headers: headers))
        return try #require(try peer.request()).request.sharedName
    }

    @Test func onlyWhatIsDeterministicIsShared() throws {
        #expect(try self.name(Self.same) != nil)
        let zero = #"{"model":"smart","messages":[],"temperature":0.0,"n":1,"stream":true}"#
        #expect(try self.name(zero) != nil)
        for other in [
            FakeClient.chat, #"{"model":"smart","messages":[],"temperature":0.001}"#,
            #"{"model":"smart","messages":[],"temperature":0,"n":2}"#,
        ] { #expect(try self.name(other) == nil) }
        let input = #"{"model":"smart","input":"x"}"#
        #expect(try self.name(input, path: "/v1/embeddings") != nil)
        #expect(try self.name(input, path: "/v1/moderations") != nil)
        #expect(try self.name(input, path: "/v1/images/generations") == nil)
        #expect(try self.name(Self.same, in: EdgeRig { $0.sharedCalls.isOn = false }) == nil)
        #expect(try self.name(Self.same)?.eachPays == false)
        #expect(try self.name(Self.same, in: EdgeRig { $0.sharedCalls.eachPays = true })?.eachPays == true)
    }

    @Test func theSameRequestHasTheSameName() throws {
        let name = try self.name(Self.same)
        #expect(try self.name(Self.same) == name)
        // Another connection, label and trace make no difference; what follows does.
        #expect(try self.name(Self.same, ["x-request-id: other", "user-agent: other"]) == name)
        var names: Set<Name?> = [name]
        names.insert(try self.name(Self.same + " "))
        names.insert(try self.name(Self.same.replacing("smart", with: "other")))
        names.insert(try self.name(Self.same, ["x-sluice-tags: team=a"]))
        names.insert(try self.name(Self.same, ["anthropic-beta: a"]))
        names.insert(try self.name(Self.same, path: "/v1/messages"))
        names.insert(try self.name(Self.same, in: EdgeRig { $0.version = 4 }))
        names.insert(
            try self.name(
                Self.same,
                in: EdgeRig { $0.routes.aliases[0].targets = [Target(provider: 1, model: Array("bigger".utf8))] }))
        #expect(names.count == 8 && !names.contains(nil))
    }

    @Test func theScopeIsWhoMayMeet() throws {
        func names(_ scope: SharedCallSettings.Scope) throws -> [Name?] {
            let rig = try EdgeRig { $0.sharedCalls.scope = scope }
            let one = try rig.keys.add("sk-sl-one", 1)
            var two = try rig.keys.add("sk-sl-two", 2)
            _ = try rig.keys.add("sk-sl-three", 3)
            two.project = one.project
            for digest in rig.keys.principals.keys where rig.keys.principals[digest]?.principal.key == two.key {
                rig.keys.principals[digest]?.principal = two
            }
            let peer = try rig.upstream()
            return try ["one", "two", "three"].map { key in
                try self.name(Self.same, key: "sk-sl-\(key)", in: rig, peer)
            }
        }
        let project = try names(.project)
        #expect(project[0] == project[1] && project[0] != project[2])
        #expect(try Set(names(.key)).count == 3 && Set(names(.everybody)).count == 1)
    }

    @Test func whatABudgetHasCutIsAnother() throws {
        let body = #"{"model":"smart","messages":[],"max_tokens":900,"temperature":0}"#
        let rich = try self.name(body, in: self.rig())
        #expect(try self.name(body, in: self.rig()) == rich)
        #expect(try self.name(body, in: self.rig([.totalCost: 20_000_000])) != rich)
    }

    @Test func requestsOfOneNameMeetAtOneUpstream() throws {
        let rig = try EdgeRig()
        let peers = try (1...4).map { try rig.upstream($0) }
        var places: [Int: Set<Int>] = [:]
        for round in 0..<40 {
            let client = try rig.client()
            try client.send(
                FakeClient.post(#"{"model":"smart","messages":[],"temperature":0,"seed":\#(round / 2)}"#))
            for (place, peer) in peers.enumerated() where try peer.request() != nil {
                places[round / 2, default: []].insert(place)
            }
        }
        #expect(places.count == 20 && places.values.allSatisfy { $0.count == 1 })
        #expect(Set(places.values.compactMap { $0.first }).count > 1)
        // What waits for a link goes the same way; others go where there is least to do.
        let later = try EdgeRig()
        let client = try later.client()
        try client.send(FakeClient.post(#"{"model":"smart","messages":[],"temperature":0,"seed":1}"#))
        let peer = try later.upstream(2)
        #expect(try peer.request()?.request.sharedName != nil)
    }

    // MARK: The end

    @Test func aSharedReplyIsPaidAsTheUpstreamSays() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let running = try self.running(rig, peer, #"{"model":"smart","messages":[],"temperature":0}"#)
        var head = FakePeer.head(length: 2)
        head.attempts = 1
        let end = StreamEnd(
            usage: TokenUsage(input: 7, output: 5), finish: .stop,
            shared: .init(usageSource: .provider, cost: 17_000), trail: [TrailStep(.shared, call: 0, at: 3)])
        try peer.send(
            head.frame(stream: running.stream) + FakePeer.chunk("{}", running.stream)
                + end.frame(stream: running.stream))
        #expect(try running.client.received().hasPrefix("HTTP/1.1 200 "))
        let settle = try #require(rig.journal.settles.first)
        #expect(settle.attempts == 0 && settle.cost == 17_000 && settle.usage == TokenUsage(input: 7, output: 5))
        #expect(settle.usageSource == .provider && settle.modelSent == Array("big".utf8) && settle.finish == .stop)
        #expect(DecisionTrail(packed: settle.trail)?.steps.map { $0.kind } == [.shared])
        #expect(rig.ledger.openHolds == 0)
        #expect(rig.ledger.settles.map { $0.tokens } == [12] && rig.ledger.settles.map { $0.cost } == [17_000])
        // One that pays nothing.
        let free = try self.running(rig, peer, #"{"model":"smart","messages":[],"temperature":0}"#)
        let gift = StreamEnd(finish: .stop, shared: .init(usageSource: .none, cost: 0))
        try peer.send(
            head.frame(stream: free.stream) + FakePeer.chunk("{}", free.stream) + gift.frame(stream: free.stream))
        #expect(rig.ledger.settles.map { $0.cost } == [17_000, 0] && rig.journal.settles[1].cost == 0)
        // One that failed for all, and one whose call it is: they are no hits.
        let failed = try self.running(rig, peer, #"{"model":"smart","messages":[],"temperature":0}"#)
        var failure = gift
        failure.failure = .gatewayUnavailable
        try peer.send(failure.frame(stream: failed.stream))
        let own = try self.running(rig, peer, #"{"model":"smart","messages":[],"temperature":0}"#)
        try peer.send(
            head.frame(stream: own.stream) + FakePeer.chunk("{}", own.stream)
                + StreamEnd(finish: .stop).frame(stream: own.stream))
        #expect(rig.journal.settles.map { $0.isCacheHit } == [true, true, false, false])
        #expect(rig.journal.settles.map { $0.fault } == [nil, nil, .gateway, nil])
    }
}
