import Domain
import IPC
import Testing

@testable import UpstreamWorker

/// What a reply's head says of its cost, over real sockets. That END says the same is checked by the benches, of every reply.
@Suite(.serialized)
struct ReplyCostTests {
    // 2,000 and 5,000 nano-USD a token.
    private static let price = Price(Price.Rates(input: 2_000_000, output: 5_000_000))

    private static func reply(_ size: Int = 0) -> String {
        let text = String(repeating: "a", count: size)
        return
            #"{"x":"\#(text)","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":3}}"#
    }

    private static func head(
        _ reply: String, status: String = "200 OK", price: UInt32? = 0, policy: RoutePolicy = RoutePolicy(retries: 0)
    ) throws -> ResponseHead? {
        let pair = try WorkerPair(prices: [Self.price]) { connection, _ in
            connection.reply(reply, status: status)
        }
        let stream = pair.worker.request("{}", price: price)
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        #expect(pair.worker.reply(stream).text == reply)
        return pair.worker.reply(stream).head
    }

    @Test func aWholeReplysHeadSaysIt() throws {
        // Also where END has to wait for the client's credit.
        for size in [0, 100_000, 200_000] {
            let head = try Self.head(Self.reply(size))
            #expect(head?.cost == .known(25_000) && head?.isShared == false)
        }
        #expect(try Self.head(Self.reply(), price: nil)?.cost == .unknown)
        // Errors cost nothing, whatever the price.
        for price in [nil, 0] as [UInt32?] {
            #expect(try Self.head(#"{"error":{}}"#, status: "400 Bad Request", price: price)?.cost == .known(0))
        }
    }

    @Test func whatGoesOutBeforeItIsWholeDoesNot() throws {
        #expect(try Self.head(Self.reply(300_000))?.cost == .open)
        let events =
            #"data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}"# + "\n\ndata: [DONE]\n\n"
        let pair = try WorkerPair(prices: [Self.price]) { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + events)
            connection.close()
        }
        let stream = pair.worker.request("{}", isStream: true, price: 0)
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        #expect(pair.worker.reply(stream).head?.isStream == true && pair.worker.reply(stream).head?.cost == .open)
    }

    @Test(arguments: [false, true]) func whoSharesACallIsToldWhatIsItsOwn(eachPays: Bool) throws {
        var call: TestServer.Connection?
        let bench = try SharedBench(prices: [Self.price]) { connection, _ in call = connection }
        let streams = (0..<5).map { _ in bench.request(isStream: false, eachPays: eachPays) }
        #expect(try bench.run { call != nil && bench.services.active == 5 })
        call?.reply(Self.reply())
        #expect(try bench.run { bench.haveEnded(streams) })
        let heads = streams.map { bench.reply($0).head }
        #expect(heads.map { $0?.isShared } == [false, true, true, true, true])
        #expect(heads.first??.cost == .known(25_000))
        #expect(heads.dropFirst().allSatisfy { $0?.cost == .known(eachPays ? 25_000 : 0) })
    }
}
