import HTTPClient
import Platform
import Testing

/// Cancelling, pausing and many transfers at once.
@Suite(.serialized)
struct HTTPClientFlowTests {
    @Test
    func cancelClosesTheConnectionAndSaysNothing() throws {
        let bench = try Bench { connection, _ in connection.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc") }
        let test = bench.start(bench.target())
        #expect(try bench.run { test.pieces == 1 })
        test.transfer?.cancel()
        #expect(bench.client.activeTransfers == 0)
        #expect(try bench.run { bench.server.closed == 1 })
        #expect(test.ends == 0)
        #expect(bench.limit.active == 0)
        test.transfer?.cancel()
        #expect(bench.limit.active == 0)
    }

    @Test
    func cancelBeforeTheStartSendsNothing() throws {
        let bench = try Bench { connection, _ in connection.reply("ok") }
        let target = bench.target()
        let test = bench.start(target)
        test.transfer?.cancel()
        let other = bench.start(target)
        #expect(try bench.run { other.isOver })
        #expect(test.ends == 0)
        #expect(bench.server.requests == 1)
    }

    /// libcurl then closes the socket by itself; the next connection gets its number.
    @Test
    func cancelWhileConnectingHarmsNobody() throws {
        let bench = try Bench { connection, _ in connection.reply("ok") }
        let target = bench.target()
        for _ in 0..<5 {
            let gone = bench.start(target)
            try bench.loop.turn(waitingAtMost: 0)
            gone.transfer?.cancel()
            #expect(gone.ends == 0)
            let began = Clocks.monotonicNanoseconds()
            let next = bench.start(target)
            #expect(try bench.run { next.isOver })
            // Unheard, it would wait for one of libcurl's own timeouts.
            #expect(Clocks.monotonicNanoseconds() - began < 1_000_000_000)
            next.transfer?.cancel()
        }
        #expect(bench.client.connections <= 1)
    }

    @Test
    func cancelFromWithinAnEvent() throws {
        let bench = try Bench { connection, _ in connection.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc") }
        let target = bench.target()
        let inPiece = bench.start(target) {
            $0.onPiece = {
                $0.transfer?.cancel()
                return .proceed
            }
        }
        let inHead = bench.start(target) { $0.onHead = { $0.transfer?.cancel() } }
        #expect(try bench.run { bench.server.closed == 2 })
        #expect(inPiece.pieces == 1)
        #expect(inPiece.ends == 0)
        #expect(inHead.heads == 1)
        #expect(inHead.pieces == 0)
        #expect(bench.client.activeTransfers == 0)
        #expect(bench.limit.active == 0)
    }

    @Test
    func oneTransferCancelsAnotherFromWithinAnEvent() throws {
        let bench = try Bench { connection, _ in connection.send("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n") }
        let target = bench.target()
        let victim = bench.start(target)
        #expect(try bench.run { victim.heads == 1 })
        let killer = bench.start(target) { $0.onHead = { _ in victim.transfer?.cancel() } }
        #expect(try bench.run { bench.server.closed == 1 })
        #expect(victim.ends == 0)
        bench.server.connections[2]?.send("abc")
        #expect(try bench.run { killer.isOver })
        #expect(killer.error == nil)
    }

    @Test
    func startFromWithinTheEndOfAnother() throws {
        let bench = try Bench { connection, _ in connection.reply("ok") }
        let target = bench.target()
        var second: TestTransfer?
        _ = bench.start(target) { $0.onEnd = { _ in second = bench.start(target) } }
        #expect(try bench.run { second?.isOver == true })
        #expect(second?.error == nil)
        #expect(bench.server.accepted == 1)
    }

    @Test
    func aPauseHoldsTheServerBack() throws {
        let size = 8 << 20
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        let bench = try Bench { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: \(size)\r\n\r\n")
            connection.send(body)
        }
        let test = bench.start(bench.target()) { $0.onPiece = { _ in .pause } }
        #expect(try bench.run { test.pieces == 1 })
        try bench.settle()
        #expect(test.pieces == 1)
        #expect(test.body.count <= 16 << 10)
        let sent = bench.server.connections[1]?.sent ?? 0
        #expect(sent < size)
        try bench.settle()
        #expect(bench.server.connections[1]?.sent == sent)
        // One piece for each resume, then all the rest.
        test.transfer?.resume()
        #expect(try bench.run { test.pieces > 1 })
        test.onPiece = { _ in .proceed }
        test.transfer?.resume()
        #expect(try bench.run { test.isOver })
        #expect(test.error == nil)
        #expect(test.body == body)
    }

    @Test
    func manyPausesLoseNothing() throws {
        let size = 1 << 20
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 >> 9) }
        let bench = try Bench { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            for start in stride(from: 0, to: size, by: 1000) {
                let piece = body[start..<min(size, start + 1000)]
                connection.send("\(String(piece.count, radix: 16))\r\n")
                connection.send(Array(piece))
                connection.send("\r\n")
            }
            connection.send("0\r\n\r\n")
        }
        let test = bench.start(bench.target()) { $0.onPiece = { $0.pieces % 3 == 0 ? .pause : .proceed } }
        #expect(
            try bench.run {
                test.transfer?.resume()
                return test.isOver
            })
        #expect(test.body == body)
    }

    @Test
    func aServerThatGoesWhileWeArePausedIsNoticedLater() throws {
        let bench = try Bench { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc")
        }
        let test = bench.start(bench.target()) { $0.onPiece = { _ in .pause } }
        #expect(try bench.run { test.pieces == 1 })
        bench.server.connections[1]?.reset()
        try bench.settle()
        test.transfer?.resume()
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .resetInReply)
    }

    @Test
    func cancelWhilePaused() throws {
        let bench = try Bench { connection, _ in
            connection.send(
                "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n" + String(repeating: "a", count: 100_000))
        }
        let test = bench.start(bench.target()) { $0.onPiece = { _ in .pause } }
        #expect(try bench.run { test.pieces == 1 })
        try bench.settle()
        test.transfer?.cancel()
        #expect(try bench.run { bench.server.closed == 1 })
        let next = bench.start(bench.target())
        #expect(try bench.run { next.pieces > 0 })
    }

    @Test
    func ahundredAtOnceKeepApart() throws {
        let bench = try Bench { connection, request in
            connection.reply(String(decoding: request.body, as: UTF8.self) + "!")
        }
        let target = bench.target()
        for round in 0..<5 {
            let tests = (0..<100).map { bench.start(target, body: Array("\(round)-\($0)".utf8)) }
            #expect(try bench.run { tests.allSatisfy(\.isOver) })
            #expect(tests.map(\.text) == (0..<100).map { "\(round)-\($0)!" })
            #expect(tests.allSatisfy { $0.error == nil })
        }
        #expect(bench.server.accepted == 100)
    }

    @Test(arguments: [3, 300])
    func connectionsInUseTakeNoRoomFromIdleOnes(_ busy: Int) throws {
        var held: [TestServer.Connection] = []
        let bench = try Bench(idleConnections: 2) { connection, request in
            if request.body.count > 2 { held.append(connection) } else { connection.reply("ok") }
        }
        let target = bench.target()
        let long = (0..<busy).map { _ in bench.start(target, body: Array("wait".utf8)) }
        #expect(try bench.run { held.count == busy })
        for _ in 0..<5 {
            let quick = bench.start(target)
            #expect(try bench.run { quick.isOver })
        }
        #expect(bench.server.accepted == busy + 1)
        for connection in held { connection.reply("ok") }
        #expect(try bench.run { long.allSatisfy(\.isOver) })
        #expect(long.allSatisfy { $0.text == "ok" })
    }

    @Test
    func theLimitHoldsAndTheQueueIsInOrder() throws {
        var waiting: [(TestServer.Connection, String)] = []
        let bench = try Bench(connections: 3) { connection, request in
            waiting.append((connection, String(decoding: request.body, as: UTF8.self)))
        }
        let target = bench.target()
        let tests = (0..<10).map { bench.start(target, body: Array("\($0)".utf8)) }
        tests[4].transfer?.cancel()
        var order: [String] = []
        while order.count < 9 {
            #expect(try bench.run { !waiting.isEmpty })
            try bench.settle()
            #expect(waiting.count <= 3)
            let (connection, body) = waiting.removeFirst()
            order.append(body)
            connection.reply("ok")
        }
        #expect(try bench.run { tests.filter(\.isOver).count == 9 })
        #expect(Set(order) == Set((0..<10).map(String.init)).subtracting(["4"]))
        #expect(order.suffix(5) == ["5", "6", "7", "8", "9"])
        #expect(bench.server.accepted == 3)
        #expect(bench.limit.active == 0)
        #expect(bench.limit.queued == 0)
    }

    @Test
    func aClientThatGoesAwayClosesEverything() throws {
        let loop: EpollLoop
        let server: TestServer
        do {
            let bench = try Bench { connection, _ in connection.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
            }
            (loop, server) = (bench.loop, bench.server)
            let test = bench.start(bench.target())
            #expect(try bench.run { test.pieces == 1 })
            test.transfer = nil
        }
        for _ in 0..<50 where server.closed == 0 { try loop.turn(waitingAtMost: 10_000_000) }
        #expect(server.closed == 1)
    }

    @Test
    func aTargetThatIsNoLongerCalledGoesAway() throws {
        let bench = try Bench { connection, request in
            if request.body.count == 2 { connection.reply("ok") }
        }
        weak var whole: HTTPTarget?
        weak var cancelled: HTTPTarget?
        do {
            let target = bench.target()
            whole = target
            let test = bench.start(target)
            #expect(try bench.run { test.isOver })
            let other = bench.target()
            cancelled = other
            let running = bench.start(other, body: [0])
            #expect(try bench.run { bench.server.requests == 2 })
            running.transfer?.cancel()
        }
        #expect(whole == nil)
        #expect(cancelled == nil)
        #expect(bench.client.activeTransfers == 0)
    }
}
