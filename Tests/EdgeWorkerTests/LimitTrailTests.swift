import Domain
import IPC
import Journal
import Limits
import Testing

@testable import EdgeWorker

/// What a request's record says of its limits, and of the prices of its targets.
@Suite struct LimitTrailTests: LimitScene {
    private static let limits: [LimitKind: Int64] = [
        .requestsPerMinute: 2, .concurrency: 9, .dailyCost: 1_000_000_000, .totalTokens: 1_000_000,
    ]

    private func trail(_ rig: EdgeRig, _ index: Int = 0) throws -> DecisionTrail {
        try #require(rig.journal.settles.count > index)
        return try #require(DecisionTrail(packed: rig.journal.settles[index].trail))
    }

    private func answer(_ peer: FakePeer, _ stream: UInt64) throws {
        try peer.send(
            FakePeer.head(length: 2).frame(stream: stream) + FakePeer.chunk("{}", stream)
                + Self.end().frame(stream: stream))
    }

    @Test func ofARefusedRequestEverythingIsKept() throws {
        let rig = try self.rig(Self.limits) { $0.limits.perKey = LimitSet([.requestsPerHour: 50]) }
        rig.ledger.slots[.init(.project, .standard)] = .init(requests: 2, tokens: 700, heldTokens: 60, inFlight: 1)
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(Self.chat))
        #expect(try peer.request() == nil)
        #expect(try client.received().hasPrefix("HTTP/1.1 429 "))
        let trail = try self.trail(rig)
        let admission = try #require(trail.admission)
        #expect(admission.verdict == .refused && admission.moreLimits == 0)
        #expect(admission.tokens > 100 && admission.cost > 0)
        // 00:00 is 10,423 seconds ahead of 21:06:17, where days are counted in UTC.
        let now = Int64(rig.wallMilliseconds / 1000)
        let midnight = UInt32(86_400 - now % 86_400)
        #expect(
            admission.limits == [
                CheckedLimit(
                    scope: .project, kind: .requestsPerMinute, word: .refused, limit: 2, used: 2, held: 0, reset: 2),
                CheckedLimit(scope: .project, kind: .concurrency, limit: 9, used: 0, held: 1),
                CheckedLimit(scope: .project, kind: .totalTokens, limit: 1_000_000, used: 700, held: 60),
                CheckedLimit(
                    scope: .project, kind: .dailyCost, limit: 1_000_000_000, used: 0, held: 0, reset: midnight),
                CheckedLimit(scope: .key, kind: .requestsPerHour, limit: 50, used: 0, held: 0, reset: 60),
            ])
        // It keeps where it would have gone, and for how much.
        #expect(trail.targets.map(\.model) == [Array("big".utf8), Array("spare".utf8)])
        #expect(trail.targets[0].price == DecisionTrail.Price(input: 10_000_000, output: 150_000_000))
    }

    @Test func ofAnAdmittedOneWhereThereWasAChoice() throws {
        let rig = try self.rig(Self.limits)
        let peer = try rig.upstream()
        let running = try self.running(rig, peer)
        try self.answer(peer, running.stream)
        _ = try running.client.received()
        let trail = try self.trail(rig)
        let admission = try #require(trail.admission)
        #expect(admission.verdict == .admitted && admission.limits.allSatisfy { $0.word == .passed })
        // With its own request and what it holds, as in the head of its reply.
        #expect(
            admission.limits.map { $0.kind } == [.requestsPerMinute, .concurrency, .totalTokens, .dailyCost])
        #expect(admission.limits.map { $0.used } == [1, 0, 0, 0])
        #expect(admission.limits[1].held == 1 && admission.limits[2].held == admission.tokens)
        #expect(admission.limits[3].held == admission.cost)
        // What the tokens would have cost at each target: 7 at $10 and 5 at $150 a million.
        #expect(trail.targets.map { $0.price?.cost } == [820_000, 820_000])
    }

    @Test func ofAPlainOneOnlyWhatIsWorthAWarning() throws {
        let plain = #"{"model":"openai:big","messages":[],"max_tokens":100}"#
        let rig = try self.rig(Self.limits)
        let peer = try rig.upstream()
        for used in [799_999, 800_000] as [Int64] {
            rig.ledger.slots[.init(.project, .standard)] = .init(tokens: used)
            let running = try self.running(rig, peer, plain)
            try self.answer(peer, running.stream)
            _ = try running.client.received()
        }
        let quiet = try #require(try self.trail(rig).admission)
        #expect(quiet.verdict == .admitted && quiet.limits == [] && rig.journal.settles[0].trail.count < 16)
        let warned = try #require(try self.trail(rig, 1).admission)
        #expect(warned.limits.map { $0.word } == [.passed, .passed, .warned, .passed])
    }

    @Test func ofOneThatFailed() throws {
        let plain = #"{"model":"openai:big","messages":[],"max_tokens":100}"#
        let rig = try self.rig(Self.limits)
        let peer = try rig.upstream()
        let running = try self.running(rig, peer, plain)
        try peer.send(Self.end(Self.failure).frame(stream: running.stream))
        #expect(try running.client.received().hasPrefix("HTTP/1.1 504 "))
        let trail = try self.trail(rig)
        #expect(trail.isPlain && trail.admission?.limits.count == 4)
    }

    @Test func whyAFurtherAttemptWasRefused() throws {
        let rig = try self.rig([.totalTokens: 1_000_000])
        let peer = try rig.upstream()
        let running = try self.running(rig, peer)
        rig.ledger.slots[.init(.project, .standard)]?.tokens = 999_999
        try peer.send(FurtherAttempt(call: 1, number: 2, reason: .otherTarget).frame(stream: running.stream))
        _ = try peer.frames()
        let steps = [TrailStep(.failed, call: 0, detail: 500, at: 9), TrailStep(.grantRefused, call: 1, at: 10)]
        var end = Self.end(Self.failure)
        end.trail = steps
        try peer.send(end.frame(stream: running.stream))
        _ = try running.client.received()
        let trail = try self.trail(rig)
        let limits = try #require(trail.admission?.limits)
        #expect(limits.map { $0.word } == [.refusedAttempt, .passed] && limits[0].used == 999_999)
        #expect(trail.steps == steps && trail.admission?.verdict == .admitted)
    }

    @Test func aRequestThatWasOverBeforeSaysSo() throws {
        let rig = try self.rig(Self.limits)
        let client = try rig.client()
        try client.send(FakeClient.post(#"{"messages":[]}"#))
        #expect(try client.received().hasPrefix("HTTP/1.1 400 "))
        let trail = try self.trail(rig)
        #expect(trail.admission?.verdict == .notAsked && trail.admission?.limits == [] && trail.isPlain)
    }
}
