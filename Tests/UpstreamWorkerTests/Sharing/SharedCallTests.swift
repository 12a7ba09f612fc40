import Domain
import IPC
import IPCEpoll
import Journal
import Platform
import Metrics
import Testing

@testable import UpstreamWorker

/// Identical requests that share a provider call, over real sockets.
@Suite(.serialized)
struct SharedCallTests {
    private static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    private static let stop = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    private static let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}\n\n"
    private static let done = "data: [DONE]\n\n"
    private static let price = Price(Price.Rates(input: 10_000_000, output: 100_000_000))

    private static func event(_ text: String) -> String {
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\(text)\"}}]}\n\n"
    }

    private static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    private static let ending = chunk(stop + usage + done) + "0\r\n\r\n"

    @Test func fiftyIdenticalStreamsAreOneCall() throws {
        var calls: [TestServer.Connection] = []
        let bench = try SharedBench(edges: 2, prices: [Self.price]) { connection, _ in
            calls.append(connection)
            connection.send(Self.head + Self.chunk(Self.event("one")))
        }
        var streams: [[UInt64]] = [[], []]
        for number in 0..<30 { streams[number % 2].append(bench.request(edge: number % 2)) }
        #expect(try bench.run { bench.reply(1).chunks > 0 && bench.reply(30, edge: 1).chunks > 0 })
        // Others come while it runs, and get it from its first byte.
        var whole = Self.event("one")
        for number in 30..<50 {
            streams[number % 2].append(bench.request(edge: number % 2))
            let event = Self.event("piece \(number)")
            whole += event
            calls.first?.send(Self.chunk(event))
            try bench.loop.turn(waitingAtMost: 1_000_000)
        }
        #expect(try bench.run { bench.services.active == 50 })
        calls.first?.send(Self.ending)
        #expect(try bench.run { bench.haveEnded(streams[0]) && bench.haveEnded(streams[1], edge: 1) })
        whole += Self.stop + Self.usage + Self.done
        for edge in 0..<2 {
            for stream in streams[edge] {
                let reply = bench.reply(stream, edge: edge)
                #expect(reply.text == whole)
                #expect(reply.head?.isStream == true)
                #expect(reply.ends == 1)
                #expect(reply.framesAfterEnd == 0)
                #expect(reply.end?.failure == nil)
                #expect(reply.end?.finish == .stop)
                #expect(reply.end?.usage == TokenUsage(input: 9, output: 2))
                if stream == streams[0][0] {
                    #expect(reply.end?.attempts.map(\.cost) == [290_000])
                    #expect(reply.end?.shared == nil)
                    #expect(reply.end?.trail == [])
                } else {
                    #expect(reply.end?.attempts == [])
                    #expect(reply.end?.shared == StreamEnd.SharedCost(usageSource: .provider, cost: 0))
                    #expect(reply.end?.trail.map(\.kind) == [.shared])
                }
            }
        }
        #expect(bench.provider.requests == 1)
        #expect(bench.services.sharedCalls.joined.value == 49)
        #expect(bench.journal.attempts.count == 1)
        #expect(bench.isClean())
        // The next one has a call of its own.
        let next = bench.request()
        #expect(try bench.run { bench.provider.requests == 2 })
        calls.last?.send(Self.ending)
        #expect(try bench.run { bench.haveEnded([next]) })
        #expect(bench.isClean())
    }

    @Test func wholeRepliesAreSharedToo() throws {
        let reply = #"{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":3}}"#
        var call: TestServer.Connection?
        let bench = try SharedBench(prices: [Self.price]) { connection, _ in call = connection }
        let streams = (0..<20).map { _ in bench.request(isStream: false, eachPays: true) }
        #expect(try bench.run { call != nil && bench.services.active == 20 })
        call?.reply(reply)
        #expect(try bench.run { bench.haveEnded(streams) })
        for stream in streams {
            #expect(bench.reply(stream).text == reply)
            #expect(bench.reply(stream).head?.contentLength == UInt64(reply.utf8.count))
        }
        // Each pays as if it had called.
        #expect(streams.dropFirst().allSatisfy { bench.reply($0).end?.shared?.cost == 350_000 })
        #expect(bench.provider.requests == 1)
        #expect(bench.isClean())
    }

    @Test func theCallGoesOnWithoutTheOneThatMadeIt() throws {
        var call: TestServer.Connection?
        let bench = try SharedBench(prices: [Self.price]) { connection, _ in
            call = connection
            connection.send(Self.head + Self.chunk(Self.event("one")))
        }
        let leader = bench.request()
        let follower = bench.request()
        #expect(try bench.run { bench.reply(follower).chunks > 0 })
        bench.edges[0].cancel(leader)
        try bench.settle()
        #expect(bench.reply(leader).end == nil)
        call?.send(Self.chunk(Self.event("two")) + Self.ending)
        #expect(try bench.run { bench.haveEnded([leader, follower]) })
        #expect(
            bench.reply(follower).text == Self.event("one") + Self.event("two") + Self.stop + Self.usage + Self.done)
        #expect(bench.reply(follower).end?.failure == nil)
        // It still has the books.
        #expect(bench.reply(leader).end?.failure?.code == "cancelled")
        #expect(bench.reply(leader).end?.attempts.map(\.error) == [""])
        #expect(bench.reply(leader).end?.attempts.map(\.cost) == [290_000])
        #expect(bench.reply(leader).text == Self.event("one"))
        #expect(bench.isClean())
    }

    @Test func theEdgeOfTheOneThatMadeItMayDie() throws {
        var call: TestServer.Connection?
        let bench = try SharedBench(edges: 2) { connection, _ in
            call = connection
            connection.send(Self.head + Self.chunk(Self.event("one")))
        }
        let leader = bench.request(edge: 0)
        #expect(try bench.run { bench.reply(leader).chunks > 0 })
        let follower = bench.request(edge: 1)
        #expect(try bench.run { bench.reply(follower, edge: 1).chunks > 0 })
        bench.edges[0].loseLink()
        #expect(try bench.run { bench.edges[0].worker == nil })
        call?.send(Self.ending)
        #expect(try bench.run { bench.haveEnded([follower], edge: 1) })
        #expect(bench.reply(follower, edge: 1).end?.failure == nil)
        #expect(bench.journal.orphans.map(\.record.low) == [leader])
        #expect(bench.journal.orphans.first?.usage == TokenUsage(input: 9, output: 2))
        #expect(bench.isClean())
    }

    @Test(arguments: [true, false])
    func theLastToLeaveEndsTheCall(leaderFirst: Bool) throws {
        let bench = try SharedBench { connection, _ in
            connection.send(Self.head + Self.chunk(Self.event("one")))
        }
        let streams = (0..<5).map { _ in bench.request() }
        #expect(try bench.run { streams.allSatisfy { bench.reply($0).chunks > 0 } })
        for stream in leaderFirst ? streams : streams.reversed() {
            #expect(bench.provider.closed == 0)
            bench.edges[0].cancel(stream)
            try bench.loop.turn(waitingAtMost: 5_000_000)
        }
        #expect(try bench.run { bench.provider.closed == 1 && bench.haveEnded(streams) })
        #expect(streams.allSatisfy { bench.reply($0).end?.failure?.code == "cancelled" && bench.reply($0).ends == 1 })
        #expect(bench.reply(streams[0]).end?.attempts.map(\.error) == ["cancelled"])
        #expect(bench.reply(streams[1]).end?.shared == StreamEnd.SharedCost(usageSource: .none, cost: 0))
        #expect(bench.isClean())
    }

    @Test func whoPaysForItselfHearsTheCostWhenItIsKnown() throws {
        var call: TestServer.Connection?
        let bench = try SharedBench(prices: [Self.price]) { connection, _ in
            call = connection
            connection.send(Self.head + Self.chunk(Self.event("one")))
        }
        let streams = (0..<2).map { _ in bench.request(eachPays: true) }
        #expect(try bench.run { bench.reply(streams[1]).chunks > 0 })
        bench.edges[0].cancel(streams[1])
        try bench.settle()
        #expect(bench.reply(streams[1]).end == nil)
        call?.send(Self.ending)
        #expect(try bench.run { bench.haveEnded(streams) })
        #expect(bench.reply(streams[1]).end?.failure?.code == "cancelled")
        #expect(bench.reply(streams[1]).end?.shared == StreamEnd.SharedCost(usageSource: .provider, cost: 290_000))
        #expect(bench.isClean())
    }

    @Test(arguments: ["status", "reset", "within"])
    func aFailureIsEverybodys(_ what: String) throws {
        var call: TestServer.Connection?
        let bench = try SharedBench { connection, _ in call = connection }
        let streams = (0..<10).map { _ in bench.request() }
        #expect(try bench.run { call != nil && bench.services.active == 10 })
        switch what {
        case "status": call?.reply("overloaded", status: "503 Service Unavailable")
        case "reset": call?.reset()
        default:
            call?.send(Self.head + Self.chunk(Self.event("one")))
            #expect(try bench.run { streams.allSatisfy { bench.reply($0).chunks > 0 } })
            call?.reset()
        }
        #expect(try bench.run { bench.haveEnded(streams) })
        let leader = bench.reply(streams[0])
        #expect(leader.end?.failure != nil)
        #expect(leader.end?.attempts.count == 1)
        for stream in streams.dropFirst() {
            #expect(bench.reply(stream).end?.failure == leader.end?.failure)
            #expect(bench.reply(stream).body == leader.body)
            #expect(bench.reply(stream).end?.attempts == [])
        }
        #expect(bench.provider.requests == 1)
        #expect(bench.isClean())
    }

    @Test func whatDiffersDoesNotMeet() throws {
        let bench = try SharedBench { _, _ in }
        _ = bench.request()
        _ = bench.request(anthropicVersion: "2023-06-01")
        _ = bench.request(anthropicVersion: "2024-06-01")
        _ = bench.request(isStream: false)
        _ = bench.request(name: 8)
        _ = bench.request(body: "[1]")
        _ = bench.request(eachPays: true)
        _ = bench.request(splices: [BodySplice(offset: 1, removed: 0, replacement: Array(" ".utf8))])
        #expect(try bench.run { bench.provider.requests == 8 })
        _ = bench.request(anthropicVersion: "2024-06-01")
        try bench.settle()
        #expect(bench.provider.requests == 8)
        #expect(bench.services.sharedCalls.joined.value == 1)
    }

    @Test func drainingEndsAllOfThem() throws {
        let bench = try SharedBench(edges: 2) { connection, _ in
            connection.send(Self.head + Self.chunk(Self.event("one")))
        }
        var isDrained = false
        bench.services.drained = { isDrained = true }
        let first = [bench.request(), bench.request()]
        let second = [bench.request(edge: 1)]
        #expect(
            try bench.run { bench.reply(first[1]).chunks > 0 && bench.reply(second[0], edge: 1).chunks > 0 })
        bench.services.drain()
        #expect(!isDrained)
        // Whoever comes now is not let in, although the call runs.
        let late = bench.request()
        #expect(try bench.run { bench.haveEnded([late]) })
        #expect(bench.reply(late).end?.failure?.code == "gateway_draining")
        for edge in bench.edges { edge.worker?.fail(.draining) }
        #expect(try bench.run { bench.haveEnded(first) && bench.haveEnded(second, edge: 1) })
        #expect(bench.reply(first[1]).end?.failure?.code == "gateway_draining")
        #expect(bench.reply(second[0], edge: 1).end?.failure?.code == "gateway_draining")
        #expect(isDrained)
        #expect(bench.isClean())
    }

    /// Nobody could allow what may be billed once more.
    @Test func withoutTheOneThatMadeItThereIsNoFurtherAttempt() throws {
        let bench = try SharedBench { connection, _ in
            if connection.requests == 1 { connection.send(Self.head + Self.ending) } else { connection.reset() }
        }
        let first = bench.request()
        #expect(try bench.run { bench.haveEnded([first]) })
        bench.edges[0].grants = nil
        let streams = [bench.request(), bench.request()]
        #expect(try bench.run { !bench.reply(streams[0]).attempts.isEmpty })
        bench.edges[0].cancel(streams[0])
        #expect(try bench.run { bench.haveEnded(streams) })
        #expect(bench.reply(streams[1]).end?.failure?.code == "provider_connection_reset")
        #expect(bench.reply(streams[0]).end?.failure?.code == "cancelled")
        #expect(bench.reply(streams[1]).attempts == [])
        // The answer was on its way.
        bench.edges[0].link?.send(Grant(allowed: true).frame(stream: streams[0]))
        try bench.settle()
        #expect(bench.edges[0].worker != nil)
        #expect(bench.isClean())
    }
}
