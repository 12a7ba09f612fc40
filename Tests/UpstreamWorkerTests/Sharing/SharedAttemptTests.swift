import Domain
import IPC
import IPCEpoll
import Platform
import Testing

@testable import UpstreamWorker

/// Further attempts of a call that several requests share.
@Suite(.serialized)
struct SharedAttemptTests {
    private static let reply =
        #"{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":3}}"#

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
}
