import Domain
import IPC
import Platform
import Testing

@testable import UpstreamWorker

/// Bodies, memory and slow readers of requests that share a call.
@Suite(.serialized)
struct SharedCallLimitTests {
    private static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    private static let event =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + String(repeating: "x", count: 4000)
        + "\"}}]}\n\n"
    private static let done = "data: [DONE]\n\n"

    private static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    /// A stream of so many events, at once.
    private static func stream(_ count: Int) -> String {
        let hundred = String(repeating: event, count: 100)
        return Self.head + String(repeating: Self.chunk(hundred), count: count / 100) + Self.chunk(Self.done)
            + "0\r\n\r\n"
    }

    private static func size(_ count: Int) -> Int { count * event.utf8.count + done.utf8.count }

    /// A reply that fits is kept for the one that reads nothing, and holds up nobody.
    @Test func aSlowReaderKeepsNobodyWaiting() throws {
        let bench = try SharedBench { connection, _ in connection.send(Self.stream(900)) }
        let streams = (0..<10).map { _ in bench.request() }
        bench.edges[0].stuck = [streams[0], streams[4]]
        #expect(
            try bench.run { streams.allSatisfy { bench.edges[0].stuck.contains($0) || bench.reply($0).end != nil } })
        for stream in streams where !bench.edges[0].stuck.contains(stream) {
            #expect(bench.reply(stream).body.count == Self.size(900))
        }
        // The books of the call, and the memory, wait for them.
        #expect(bench.reply(streams[0]).body.count == WireLimits.replyWindow)
        #expect(bench.reply(streams[0]).end == nil)
        #expect(bench.services.active == 2)
        bench.edges[0].stuck = []
        for stream in [streams[0], streams[4]] { bench.edges[0].creditRest(stream) }
        #expect(try bench.run { bench.haveEnded(streams) })
        #expect(bench.reply(streams[4]).body == bench.reply(streams[1]).body)
        #expect(bench.reply(streams[0]).body == bench.reply(streams[1]).body)
        #expect(bench.reply(streams[0]).end?.attempts.count == 1)
        #expect(bench.isClean())
    }

    /// One that does not fit waits for a slow reader, but not for long where others wait with it.
    @Test func whoHoldsUpOthersForTooLongIsEnded() throws {
        var sent: TestServer.Connection?
        let bench = try SharedBench { connection, _ in
            sent = connection
            connection.send(Self.stream(4000))
        }
        bench.services.sharedCalls.listenerPatience = 200_000_000
        let streams = (0..<4).map { _ in bench.request() }
        bench.edges[0].stuck = [streams[2]]
        let quick = [streams[0], streams[1], streams[3]]
        #expect(try bench.run { quick.allSatisfy { bench.reply($0).body.count > 3 << 20 } })
        #expect((sent?.sent ?? 0) < Self.size(4000))
        #expect(try bench.run { bench.haveEnded(streams) })
        for stream in quick {
            #expect(bench.reply(stream).end?.failure == nil)
            #expect(bench.reply(stream).body.count == Self.size(4000))
            #expect(bench.reply(stream).body == bench.reply(streams[0]).body)
        }
        #expect(bench.reply(streams[2]).end?.failure?.code == "request_timeout")
        #expect(bench.reply(streams[2]).body.count == WireLimits.replyWindow)
        #expect(bench.provider.requests == 1)
        #expect(bench.isClean())
    }

    @Test func theOnlyReaderSetsThePace() throws {
        var sent: TestServer.Connection?
        let bench = try SharedBench { connection, _ in
            sent = connection
            connection.send(Self.stream(8000))
        }
        bench.services.sharedCalls.listenerPatience = 10_000_000
        let streams = (0..<2).map { _ in bench.request() }
        bench.edges[0].stuck = [streams[0], streams[1]]
        #expect(
            try bench.run { bench.services.sharedCalls.count == 0 && streams.allSatisfy { bench.reply($0).chunks > 0 } }
        )
        for _ in 0..<5 { try bench.settle() }
        // Both hold it up, and neither of them the other.
        #expect(!bench.haveEnded([streams[0]]) && !bench.haveEnded([streams[1]]))
        bench.edges[0].cancel(streams[1])
        #expect(try bench.run { bench.haveEnded([streams[1]]) })
        for _ in 0..<5 { try bench.settle() }
        #expect(!bench.haveEnded([streams[0]]))
        #expect((sent?.sent ?? .max) < Self.size(8000) * 3 / 4)
        // All of it was not kept: who comes now has a call of its own.
        let late = bench.request()
        #expect(try bench.run { bench.provider.requests == 2 })
        bench.edges[0].stuck = []
        bench.edges[0].creditRest(streams[0])
        #expect(try bench.run { bench.haveEnded([streams[0], late]) })
        #expect(bench.reply(streams[0]).end?.failure == nil)
        #expect(bench.reply(streams[0]).body.count == Self.size(8000))
        #expect(bench.reply(streams[0]).body == bench.reply(late).body)
        #expect(bench.isClean())
    }

    @Test func withoutMemoryAllAreTold() throws {
        let budget = 1 << 20
        let bench = try SharedBench(bodyBudget: budget) { connection, _ in connection.send(Self.stream(900)) }
        let streams = (0..<3).map { _ in bench.request() }
        bench.edges[0].stuck = Set(streams)
        #expect(try bench.run { bench.provider.closed == 1 })
        bench.edges[0].stuck = []
        for stream in streams { bench.edges[0].creditRest(stream) }
        #expect(try bench.run { bench.haveEnded(streams) })
        for stream in streams {
            #expect(bench.reply(stream).end?.failure?.code == ProviderFailure.outOfMemory.error.code)
            #expect(bench.reply(stream).body.count < budget + 2)
        }
        #expect(bench.isClean(bodyBudget: budget))
    }

    /// Whoever's body is here first: they are all the same.
    @Test func theFirstBodyIsSent() throws {
        var seen: [[UInt8]] = []
        var call: TestServer.Connection?
        let bench = try SharedBench { connection, request in
            seen.append(request.body)
            call = connection
            connection.send(Self.head + Self.chunk(Self.event))
        }
        let body = "{\"a\":\"" + String(repeating: "b", count: 100_000) + "\"}"
        let bytes = Array(body.utf8)
        let leader = bench.request(body: body, sends: false)
        let other = bench.request(body: body, sends: false)
        let third = bench.request(body: body, sends: false)
        let damaged = bench.request(body: body, sends: false)
        for stream in [leader, other, damaged] {
            bench.edges[0].send(body: Array(bytes[..<50_000]), isLast: false, stream)
        }
        #expect(try bench.run { bench.services.active == 4 })
        try bench.settle()
        #expect(seen == [])
        // The one that made the call leaves before its body is here.
        bench.edges[0].cancel(leader)
        bench.edges[0].send(body: Array(bytes[50_000...]), other)
        #expect(try bench.run { bench.reply(other).chunks > 0 })
        #expect(seen == [bytes])
        // Theirs is received, and dropped.
        #expect(bench.reply(third).chunks == 0)
        bench.edges[0].send(body: Array(bytes[..<60_000]), isLast: false, third)
        bench.edges[0].send(body: Array(bytes[60_000...]), third)
        bench.edges[0].send(body: [1], damaged)
        #expect(try bench.run { bench.reply(third).chunks > 0 && bench.reply(damaged).end != nil })
        #expect(bench.reply(damaged).end?.failure == ProviderFailure.damagedRequest.error)
        call?.send(Self.chunk(Self.done) + "0\r\n\r\n")
        #expect(try bench.run { bench.haveEnded([leader, other, third]) })
        #expect(bench.reply(third).body == bench.reply(other).body)
        #expect(bench.reply(third).end?.failure == nil)
        #expect(bench.reply(leader).end?.attempts.count == 1)
        #expect(!bench.edges[0].lostLink)
        #expect(bench.isClean())
    }

    @Test func aDamagedBodyOfTheOnlyOneIsToldAsItIs() throws {
        let bench = try SharedBench { _, _ in }
        let stream = bench.request(length: 100)
        #expect(try bench.run { bench.haveEnded([stream]) })
        #expect(bench.reply(stream).end?.failure == ProviderFailure.damagedRequest.error)
        #expect(bench.provider.requests == 0)
        // More than was announced costs the link.
        let other = bench.request(length: 1)
        #expect(try bench.run { bench.edges[0].lostLink })
        #expect(bench.reply(other).end == nil)
        #expect(bench.isClean())
    }

    /// Random readers that come, pause, go on and leave: whoever stays gets all of it, once and in order.
    @Test func whatIsReadIsAlwaysTheSame() throws {
        for seed in 0..<8 {
            var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
            func dice(_ bound: UInt64) -> UInt64 {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return state % bound
            }
            var call: TestServer.Connection?
            let bench = try SharedBench(edges: 2) { connection, _ in
                call = connection
                connection.send(Self.head + Self.chunk(Self.event))
            }
            var streams: [(edge: Int, stream: UInt64)] = [(0, bench.request())]
            #expect(try bench.run { call != nil })
            var left: Set<UInt64> = []
            var events = 1
            for _ in 0..<60 {
                switch dice(6) {
                case 0:
                    let edge = Int(dice(2))
                    streams.append((edge, bench.request(edge: edge)))
                case 1:
                    let (edge, stream) = streams[Int(dice(UInt64(streams.count)))]
                    bench.edges[edge].stuck.insert(stream)
                case 2:
                    let (edge, stream) = streams[Int(dice(UInt64(streams.count)))]
                    // One has to stay.
                    guard left.count + 1 < streams.count, left.insert(stream).inserted else { break }
                    bench.edges[edge].cancel(stream)
                default:
                    let count = Int(dice(8)) + 1
                    for _ in 0..<count { call?.send(Self.chunk(Self.event)) }
                    events += count
                }
                try bench.loop.turn(waitingAtMost: 1_000_000)
            }
            call?.send(Self.chunk(Self.done) + "0\r\n\r\n")
            try bench.settle()
            for (edge, stream) in streams where bench.edges[edge].stuck.contains(stream) {
                bench.edges[edge].stuck.remove(stream)
                bench.edges[edge].creditRest(stream)
            }
            #expect(
                try bench.run { streams.allSatisfy { bench.reply($0.stream, edge: $0.edge).end != nil } },
                "seed \(seed)")
            for (edge, stream) in streams {
                let reply = bench.reply(stream, edge: edge)
                #expect(reply.ends == 1 && reply.framesAfterEnd == 0)
                guard !left.contains(stream) else { continue }
                #expect(reply.end?.failure == nil)
                #expect(reply.body.count == Self.size(events), "seed \(seed)")
            }
            #expect(bench.provider.requests == 1)
            #expect(bench.isClean())
        }
    }
}
