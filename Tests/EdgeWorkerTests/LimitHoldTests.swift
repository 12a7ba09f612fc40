import Domain
import IPC
import Journal
import Limits
import Metrics
import NIOCore
import Testing

@testable import EdgeWorker

/// What a request holds of budgets, and what it is cut down to.
@Suite struct LimitHoldTests: LimitScene {
    // MARK: Holds

    @Test func theMostIsHeld() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let running = try self.running(rig, peer)
        let bytes = Int64(Self.chat.utf8.count)
        let slot = rig.ledger.slot(.project)
        #expect(slot.heldTokens == bytes + 100 && slot.inFlight == 1 && slot.requests == 1)
        #expect(slot.heldCost == bytes * 10_000 + 100 * 150_000)
        #expect(running.request.calls.map { $0.splices.count } == [1, 1])
        try peer.answer(running.stream, "{}")
        let text = try running.client.received()
        #expect(!text.contains("x-sluice-max-tokens"))
    }

    @Test func outputIsCutToWhatIsAffordable() throws {
        let rig = try self.rig([.totalCost: 20_000_000])
        let peer = try rig.upstream()
        let running = try self.running(rig, peer, #"{"model":"smart","messages":[],"max_tokens":900}"#)
        let bytes = Int64(48)
        let affordable = (20_000_000 - bytes * 10_000) / 150_000
        #expect(rig.ledger.slot(.project).heldCost == bytes * 10_000 + affordable * 150_000)
        for call in running.request.calls {
            #expect(call.splices.contains { $0.replacement == Array("\(affordable)".utf8) && $0.removed == 3 })
        }
        try peer.send(
            FakePeer.head(length: 2).frame(stream: running.stream) + FakePeer.chunk("{}", running.stream)
                + Self.end().frame(stream: running.stream))
        #expect(try running.client.received().contains("\r\nx-sluice-max-tokens: \(affordable)\r\n"))
        #expect(rig.ledger.openHolds == 0 && rig.ledger.settles.map { $0.tokens } == [12])
    }

    @Test func theMemberIsTheModels() throws {
        let rig = try self.rig([.totalCost: 20_000_000])
        let peer = try rig.upstream()
        let running = try self.running(rig, peer, FakeClient.chat)
        let inserted = running.request.calls.map { call in
            call.splices.map { String(decoding: $0.replacement, as: UTF8.self) }.joined()
        }
        #expect(inserted[0].hasPrefix("\"max_tokens\":13") && inserted[1].hasPrefix("\"max_completion_tokens\":13"))
    }

    @Test func anUnknownModelIsToldItsLimit() throws {
        let rig = try self.rig { $0.routes.models = [] }
        let peer = try rig.upstream()
        let running = try self.running(rig, peer, FakeClient.chat)
        #expect(running.request.calls[0].splices.contains { $0.replacement == Array("\"max_tokens\":4096,".utf8) })
        try peer.answer(running.stream, "{}")
        #expect(try running.client.received().contains("\r\nx-sluice-max-tokens: 4096\r\n"))
        // Where nobody has a budget nothing is changed.
        let free = try self.rig([:]) { $0.routes.models = [] }
        let other = try self.running(free, try free.upstream(), FakeClient.chat)
        #expect(other.request.calls[0].splices.count == 1)
    }

    @Test func tooLittleIsLeft() throws {
        let rig = try self.rig([.totalCost: 9_000_000])
        let client = try rig.client()
        try client.send(FakeClient.post(#"{"model":"smart","messages":[],"max_tokens":900}"#))
        #expect(try client.received().contains("insufficient_quota"))
        #expect(rig.ledger.openHolds == 0 && rig.ledger.settles.isEmpty && rig.journal.settles.count == 1)
        // A short answer is affordable.
        let short = try rig.client()
        try short.send(FakeClient.post(#"{"model":"smart","messages":[],"max_tokens":50}"#))
        #expect(rig.ledger.openHolds == 1)
    }

    @Test func estimatesAreLearnedAndNotCut() throws {
        let rig = try self.rig { $0.limits.mode = .estimate }
        let peer = try rig.upstream()
        let first = try self.running(rig, peer, FakeClient.chat)
        // The dearer target's maximum, until something is learned.
        #expect(rig.ledger.slot(.project).heldCost > 2000 * 150_000)
        try peer.send(
            FakePeer.head(length: 2).frame(stream: first.stream) + FakePeer.chunk("{}", first.stream)
                + Self.end().frame(stream: first.stream))
        _ = try first.client.received()
        let second = try self.running(rig, peer, FakeClient.chat)
        // The second target is unknown still.
        #expect(rig.ledger.slot(.project).heldCost < 1001 * 150_000 && second.request.calls[0].splices.count == 1)
    }

    @Test func promptsThatNothingBounds() throws {
        let image = #"{"model":"smart","messages":[{"content":[{"type":"image_url"}]}],"max_tokens":9}"#
        let rig = try self.rig()
        let client = try rig.client()
        try client.send(FakeClient.post(image))
        let text = try client.received()
        #expect(text.hasPrefix("HTTP/1.1 400 ") && text.contains("unbounded_prompt") && rig.ledger.demands.isEmpty)
        let bounded = try self.rig {
            $0.routes.models = [.init(provider: 1, name: nil, facts: ModelFacts(contextWindow: 4000))]
            $0.routes.aliases[0].targets.removeLast()
        }
        _ = try self.running(bounded, try bounded.upstream(), image)
        #expect(bounded.ledger.slot(.project).heldTokens == 4009)
    }

    @Test func unknownPrices() throws {
        func rig(_ allows: Bool, _ change: (inout EdgeSnapshot) -> Void = { _ in }) throws -> EdgeRig {
            try self.rig {
                $0.limits.allowsUnknownPrice = allows
                $0.routes.aliases[0].targets[1].price = nil
                $0.routes.models = []
                change(&$0)
            }
        }
        // The target whose price is known is enough.
        let one = try rig(false)
        #expect(try self.running(one, try one.upstream()).request.calls.map { $0.target.provider } == [1])
        let none = try rig(false) { $0.routes.aliases[0].targets[0].price = nil }
        let client = try none.client()
        try client.send(FakeClient.post(Self.chat))
        #expect(try client.received().contains("unknown_price") && none.ledger.demands.isEmpty)
        // Without a budget in dollars nobody asks.
        none.keys.set(.project, [.totalTokens: 1000])
        _ = try self.running(none, try none.upstream())
        let allowed = try rig(true) { $0.routes.aliases[0].targets[0].price = nil }
        #expect(try self.running(allowed, try allowed.upstream()).request.calls.count == 2)
        #expect(allowed.ledger.slot(.project).heldCost == 0)
    }

    // MARK: Further attempts

    @Test func furtherAttemptsAreHeldToo() throws {
        let rig = try self.rig([.totalTokens: 400])
        let peer = try rig.upstream()
        let running = try self.running(rig, peer)
        let once = rig.ledger.slot(.project).heldTokens
        func ask(_ call: UInt8) throws -> [UInt8]? {
            try peer.send(FurtherAttempt(call: call, number: 2, reason: .retry).frame(stream: running.stream))
            return try peer.frames().first { $0.type == .grant }?.payload
        }
        #expect(try ask(1) == [1] && rig.ledger.slot(.project).heldTokens == 2 * once)
        #expect(try ask(0) == [0] && ask(7) == [0] && rig.ledger.slot(.project).heldTokens == 2 * once)
        try peer.send(Self.end(Self.failure).frame(stream: running.stream))
        #expect(rig.ledger.openHolds == 0 && rig.ledger.settles.map { $0.tokens } == [12])
        let series = rig.core.metrics.series.filter { $0.name == "sluice_limit_further_attempts_total" }
        #expect(Set(series.flatMap { $0.labels.map { $0.value } }) == ["yes", "no"])
    }

    @Test func attemptsOfTheUnlimitedAreGranted() throws {
        let rig = try self.rig([:])
        let peer = try rig.upstream()
        let running = try self.running(rig, peer)
        try peer.send(FurtherAttempt(call: 1, number: 2, reason: .otherTarget).frame(stream: running.stream))
        #expect(try peer.frames().map { $0.payload } == [[1]] && rig.ledger.extensions.isEmpty)
    }
}
