import Domain
import IPC
import IPCEpoll
import Journal
import Platform
import Testing

@testable import UpstreamWorker

/// Further attempts of a call that several requests share.
@Suite(.serialized)
struct SharedAttemptTests {
    private static let reply =
        #"{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":3}}"#
    private static let price = Price(Price.Rates(input: 10_000_000, output: 100_000_000))

    /// The call may end before the edge has answered, and the one that made it may still read.
    @Test func anAnswerThatComesAfterTheEndIsNoFault() throws {
        var calls: [TestServer.Connection] = []
        let bench = try SharedBench(policy: RoutePolicy(retries: 0, hedgeAfter: .time(5))) { connection, _ in
            calls.append(connection)
        }
        bench.edges[0].grants = nil
        let leader = bench.request(isStream: false)
        bench.edges[0].stuck = [leader]
        #expect(try bench.run { bench.reply(leader).attempts.map(\.reason) == [.hedge] })
        let padding = String(repeating: "x", count: 100_000)
        calls.first?.reply(#"{"pad":"\#(padding)","# + Self.reply.dropFirst())
        #expect(try bench.run { bench.reply(leader).body.count == WireLimits.replyWindow })
        try bench.settle()
        bench.edges[0].link?.send(Grant(allowed: true).frame(stream: leader))
        try bench.settle()
        #expect(bench.edges[0].worker != nil)
        bench.edges[0].stuck = []
        bench.edges[0].creditRest(leader)
        #expect(try bench.run { bench.haveEnded([leader]) })
        #expect(bench.reply(leader).end?.failure == nil)
        #expect(bench.reply(leader).end?.attempts.count == 1)
        #expect(calls.count == 1)
        #expect(bench.isClean())
    }

    /// Its edge is dead: the request is settled in its stead, once, with all that was called.
    @Test func aRetryForOthersIsPartOfWhatIsSettled() throws {
        var calls: [TestServer.Connection] = []
        let bench = try SharedBench(
            edges: 2, prices: [Self.price], policy: RoutePolicy(retries: 1, retryDelay: 1)
        ) { connection, _ in calls.append(connection) }
        let leader = bench.request(edge: 0, isStream: false)
        let follower = bench.request(edge: 1, isStream: false)
        #expect(try bench.run { calls.count == 1 && bench.services.active == 2 })
        bench.edges[0].loseLink()
        #expect(try bench.run { bench.edges[0].worker == nil })
        calls.first?.reply(#"{"error":{"message":"broken"}}"#, status: "503 Service Unavailable")
        #expect(try bench.run { bench.provider.requests == 2 })
        calls.last?.reply(Self.reply)
        #expect(try bench.run { bench.haveEnded([follower], edge: 1) })
        #expect(bench.reply(follower, edge: 1).end?.failure == nil)
        #expect(bench.journal.ends.map(\.status) == [503, 200])
        #expect(bench.journal.orphans.map(\.record.low) == [leader])
        #expect(bench.journal.orphans.map(\.attempts) == [2])
        #expect(bench.journal.orphans.map(\.cost) == [350_000])
        #expect(bench.isClean())
    }
}
