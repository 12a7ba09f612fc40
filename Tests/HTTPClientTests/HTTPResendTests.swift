import HTTPClient
import Platform
import Testing

/// What a transfer's owner learns of what was sent.
@Suite(.serialized)
struct HTTPResendTests {
    /// Each request on a kept connection meets its end: it goes out once, and what happened is said. No connection is made
    /// that nobody asked for.
    @Test(arguments: [true, false])
    func aDeadConnectionIsSaid(_ resets: Bool) throws {
        var seen: [String] = []
        let bench = try Bench { connection, request in
            seen += request.lines.filter { $0.hasPrefix("x-unique") }
            if connection.requests == 1 {
                connection.reply("ok")
            } else if resets {
                connection.reset()
            } else {
                connection.close()
            }
        }
        let target = bench.target()
        for round in 0..<50 {
            seen = []
            let first = bench.start(target, unique: "x-unique: \(round)-1", onNewConnection: true)
            #expect(try bench.run { first.isOver })
            #expect(first.error == nil)
            let kept = bench.start(target, unique: "x-unique: \(round)-2")
            #expect(try bench.run { kept.isOver })
            #expect(kept.error?.metDeadConnection == true)
            #expect(kept.error?.sentAny == true)
            #expect([.resetBeforeReply, .sendFailed].contains(kept.error?.kind))
            #expect(kept.sends == 1)
            #expect(kept.heads == 0)
            #expect(seen == ["x-unique: \(round)-1", "x-unique: \(round)-2"])
        }
        try bench.settle()
        #expect(bench.server.accepted == 50)
        #expect(bench.client.connections == 0)
    }

    @Test
    func aNewConnectionThatEndsWasNotADeadOne() throws {
        let bench = try Bench { connection, _ in connection.reset() }
        let target = bench.target()
        for onNewConnection in [false, true] {
            let test = bench.start(target, onNewConnection: onNewConnection)
            #expect(try bench.run { test.isOver })
            #expect(test.error?.kind == .resetBeforeReply)
            #expect(test.error?.metDeadConnection == false)
        }
    }

    @Test
    func aNewConnectionIsMadeWhereOneIsWantedAndKept() throws {
        let bench = try Bench { connection, _ in connection.reply("ok") }
        let target = bench.target()
        var accepted: [Int] = []
        for onNewConnection in [false, false, true, false, true] {
            let test = bench.start(target, onNewConnection: onNewConnection)
            #expect(try bench.run { test.isOver })
            #expect(test.error == nil)
            accepted.append(bench.server.accepted)
        }
        #expect(accepted == [1, 1, 2, 2, 3])
    }

    @Test
    func aRequestThatIsCancelledAsItGoesOutWasNotSent() throws {
        var requests = 0
        let bench = try Bench { connection, _ in
            requests += 1
            connection.reply("ok")
        }
        let cancelled = bench.start(bench.target()) { $0.onSend = { $0.transfer?.cancel() } }
        try bench.settle()
        #expect(!cancelled.isOver)
        #expect(cancelled.sends == 1)
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
        #expect(queued.sends == 0)
        #expect(queued.transfer?.sentAny == false)
        let nobody = HTTPTarget(
            HTTPTarget.Settings(url: "http://127.0.0.1:1/"), limit: HTTPConnectionLimit(maximum: 9))
        let refused = bench.start(nobody)
        #expect(try bench.run { refused.isOver })
        #expect(refused.error?.kind == .connect)
        #expect(refused.error?.sentAny == false)
        #expect(refused.sends == 0)
    }
}
