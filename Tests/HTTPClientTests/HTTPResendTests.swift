import HTTPClient
import Platform
import Testing

/// What a transfer's owner learns of what was sent, and how often.
@Suite(.serialized)
struct HTTPResendTests {
    private static func header(_ number: Int) -> HTTPSend { .goWith(uniqueHeader: Array("x-unique: \(number)".utf8)) }

    /// Each request on a kept connection meets its end, and every time the request goes out it says which time it is.
    @Test
    func aRequestThatGoesOutAgainSaysSo() throws {
        var seen: [String] = []
        let bench = try Bench { connection, request in
            seen += request.lines.filter { $0.hasPrefix("x-unique") }
            if connection.requests == 1 { connection.reply("ok") } else { connection.reset() }
        }
        let target = bench.target()
        for round in 0..<50 {
            seen = []
            let test = bench.start(target, unique: "x-unique: 1") {
                $0.onSend = { _, time in time == 1 ? .go : Self.header(time) }
            }
            #expect(try bench.run { test.isOver })
            #expect(test.error == nil)
            #expect(test.sends == (round == 0 ? [1] : [1, 2]))
            #expect(seen == (round == 0 ? ["x-unique: 1"] : ["x-unique: 1", "x-unique: 2"]))
        }
    }

    @Test
    func itDoesNotGoOutAgainWhereItMustNot() throws {
        var requests = 0
        let bench = try Bench { connection, _ in
            requests += 1
            if connection.requests == 1 { connection.reply("ok") } else { connection.close() }
        }
        let target = bench.target()
        let first = bench.start(target)
        #expect(try bench.run { first.isOver })
        for _ in 0..<20 {
            let kept = bench.start(target)
            #expect(try bench.run { kept.isOver })
            let refused = bench.start(target) { $0.onSend = { _, time in time == 1 ? .go : .stop } }
            #expect(try bench.run { refused.isOver })
            #expect(refused.sends == [1, 2])
            #expect(refused.error?.kind == .resetBeforeReply)
            #expect(refused.error?.sentAny == true)
            #expect(refused.heads == 0)
            let fresh = bench.start(target)
            #expect(try bench.run { fresh.isOver })
            #expect(fresh.error == nil)
        }
        #expect(requests > 60)
    }

    @Test
    func aRequestThatIsStoppedWasNotSent() throws {
        var requests = 0
        let bench = try Bench { connection, _ in
            requests += 1
            connection.reply("ok")
        }
        let stopped = bench.start(bench.target()) { $0.onSend = { _, _ in .stop } }
        #expect(try bench.run { stopped.isOver })
        #expect(stopped.error?.kind == .aborted)
        #expect(stopped.error?.sentAny == false)
        let cancelled = bench.start(bench.target()) {
            $0.onSend = { test, _ in
                test.transfer?.cancel()
                return .go
            }
        }
        try bench.settle()
        #expect(!cancelled.isOver)
        #expect(cancelled.sends == [1])
        let good = bench.start(bench.target())
        #expect(try bench.run { good.isOver })
        #expect(good.error == nil)
        #expect(requests == 1)
    }

    @Test
    func whatWasSentIsKnownWhileItRuns() throws {
        let bench = try Bench(connections: 1) { _, _ in }
        let target = bench.target()
        let running = bench.start(target)
        #expect(running.transfer?.sentAny == false)
        #expect(try bench.run { bench.server.requests == 1 })
        #expect(running.transfer?.sentAny == true)
        let queued = bench.start(target)
        try bench.settle()
        #expect(queued.sends.isEmpty)
        #expect(queued.transfer?.sentAny == false)
        let nobody = HTTPTarget(
            HTTPTarget.Settings(url: "http://127.0.0.1:1/"), limit: HTTPConnectionLimit(maximum: 9))
        let refused = bench.start(nobody)
        #expect(try bench.run { refused.isOver })
        #expect(refused.error?.kind == .connect)
        #expect(refused.error?.sentAny == false)
        #expect(refused.sends.isEmpty)
    }
}
