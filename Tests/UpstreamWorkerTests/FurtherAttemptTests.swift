import Domain
import IPC
import Journal
import Testing

@testable import UpstreamWorker

/// A request whose kept connection turns out to be dead, over real sockets.
@Suite(.serialized)
struct FurtherAttemptTests {
    private static let reply =
        #"{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":3}}"#

    /// A provider that keeps each connection for one request and resets it at the second.
    private func pair(_ seen: @escaping (String) -> Void = { _ in }) throws -> WorkerPair {
        try WorkerPair { connection, request in
            seen(request.lines.first { $0.hasPrefix("x-client-request-id") } ?? "")
            if connection.requests == 1 { connection.reply(Self.reply) } else { connection.reset() }
        }
    }

    private func first(_ pair: WorkerPair) throws {
        let stream = pair.worker.request("{}")
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        #expect(pair.worker.reply(stream).end?.failure == nil)
    }

    @Test
    func itIsMadeWhenTheEdgeGrantsIt() throws {
        var seen: [String] = []
        let pair = try self.pair { seen.append(String($0.suffix(2))) }
        for _ in 0..<10 {
            if pair.worker.next == 0 { try self.first(pair) }
            let stream = pair.worker.request(#"{"model":"m"}"#)
            #expect(try pair.run { pair.worker.reply(stream).end != nil })
            let reply = pair.worker.reply(stream)
            #expect(reply.attempts == [FurtherAttempt(call: 0, number: 2, reason: .resend)])
            #expect(reply.text == Self.reply)
            #expect(reply.end?.failure == nil)
            #expect(reply.end?.attempts.map(\.number) == [1, 2])
            #expect(reply.end?.attempts.map(\.billed) == [.unknown, .yes])
        }
        #expect(seen == ["-1"] + [[String]](repeating: ["-1", "-2"], count: 10).flatMap { $0 })
        #expect(pair.worker.services.takeBodyBudget(1 << 30))
    }

    @Test
    func itIsNotMadeWhenTheEdgeRefuses() throws {
        var requests = 0
        let pair = try self.pair { _ in requests += 1 }
        try self.first(pair)
        pair.worker.grants = false
        let stream = pair.worker.request("{}")
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        let reply = pair.worker.reply(stream)
        #expect(reply.end?.failure?.code == "provider_connection_reset")
        #expect(reply.end?.attempts.map(\.number) == [1])
        try pair.settle()
        #expect(requests == 2)
        #expect(pair.worker.services.takeBodyBudget(1 << 30))
    }

    @Test(arguments: ["cancel", "lost", "refused later", "granted later"])
    func theClientOrTheEdgeMayGoMeanwhile(_ what: String) throws {
        var requests = 0
        let pair = try self.pair { _ in requests += 1 }
        try self.first(pair)
        pair.worker.grants = nil
        let stream = pair.worker.request("{}")
        #expect(try pair.run { !pair.worker.reply(stream).attempts.isEmpty })
        try pair.settle()
        #expect(requests == 2)
        #expect(pair.worker.reply(stream).end == nil)
        #expect(!pair.worker.services.takeBodyBudget(1 << 30))
        switch what {
        case "cancel":
            pair.worker.cancel(stream)
            // It was on its way.
            pair.worker.send(Grant(allowed: true).frame(stream: stream))
            #expect(try pair.run { pair.worker.reply(stream).end != nil })
            #expect(pair.worker.reply(stream).end?.failure?.code == "cancelled")
        case "lost":
            pair.worker.loseLink()
            #expect(try pair.run { pair.worker.edge == nil })
        case "refused later":
            pair.worker.send(Grant(allowed: false).frame(stream: stream))
            #expect(try pair.run { pair.worker.reply(stream).end != nil })
            #expect(pair.worker.reply(stream).end?.failure?.code == "provider_connection_reset")
        default:
            pair.worker.send(Grant(allowed: true).frame(stream: stream))
            #expect(try pair.run { pair.worker.reply(stream).end != nil })
            #expect(pair.worker.reply(stream).end?.failure == nil)
        }
        try pair.settle()
        #expect(requests == (what == "granted later" ? 3 : 2))
        #expect(pair.worker.services.takeBodyBudget(1 << 30))
        #expect(pair.worker.journal.isBalanced)
    }

    @Test
    func aRefusedKeyIsFollowedByTheNextOfThePool() throws {
        var seen: Set<String> = []
        let pair = try WorkerPair(
            settings: {
                ProviderSettings(
                    name: "test", kind: .server(.openai, baseURL: "http://127.0.0.1:\($0)/v1"),
                    keys: ["one", "two"].map { ProviderKey(name: $0, value: Secret(Array("sk-\($0)".utf8))) })
            },
            { connection, request in
                let key = request.lines.first { $0.lowercased().hasPrefix("authorization") } ?? ""
                seen.insert(String(key.suffix(6)))
                if key.hasSuffix("sk-one") {
                    connection.reply("{\"error\":{}}", status: "401 No")
                } else {
                    connection.reply(Self.reply)
                }
            })
        // Which of them is first is chance.
        for _ in 0..<20 {
            let stream = pair.worker.request("{}")
            #expect(try pair.run { pair.worker.reply(stream).end != nil })
            let reply = pair.worker.reply(stream)
            #expect(reply.text == Self.reply && reply.end?.failure == nil)
            #expect(reply.head?.attempts == UInt8(reply.end?.attempts.count ?? 0))
        }
        #expect(seen == ["sk-one", "sk-two"])
        for (attempt, end) in zip(pair.worker.journal.attempts, pair.worker.journal.ends) {
            #expect(attempt.keyName == Array((end.status == 401 ? "one" : "two").utf8))
        }
        #expect(pair.worker.journal.isBalanced)
        #expect(pair.worker.services.takeBodyBudget(1 << 30))
    }

    @Test
    func aGrantNobodyAskedForCostsTheLink() throws {
        let pair = try WorkerPair { _, _ in }
        let stream = pair.worker.request("{}")
        #expect(try pair.run { pair.provider.requests == 1 })
        pair.worker.send(Grant(allowed: true).frame(stream: stream))
        #expect(try pair.run { pair.worker.lostLink && pair.worker.edge == nil })
    }
}
