import Platform
import Testing

@testable import HTTPClient

/// Connections that libcurl makes and that are ours from then on.
@Suite(.serialized)
struct HTTPConnectionTests {
    /// Where a server asks for it, or its reply does not say where it ends, or says more than it should, the connection is not used again.
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 1), ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok?", 3),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok", 3),
        ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", 3),
        ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok", 1),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 3),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 1),
    ])
    func isKeptWhereItMayBe(_ reply: String, _ accepted: Int) throws {
        let bench = try Bench { connection, _ in connection.send(reply) }
        let target = bench.target()
        for _ in 0..<3 {
            let test = bench.start(target)
            #expect(try bench.run { test.isOver })
            #expect(test.error == nil && test.text == "ok")
        }
        #expect(bench.server.accepted == accepted)
        #expect(try bench.run { bench.server.closed == (accepted == 1 ? 0 : 3) })
        #expect(bench.client.connections == (accepted == 1 ? 1 : 0))
    }

    /// What stands behind a reply is nobody's, also where another request waits for the connection and all of one read was the reply.
    @Test(arguments: [true, false])
    func nothingIsLeftForTheNextRequest(_ closes: Bool) throws {
        let start = "HTTP/1.1 200 OK\r\ncontent-length: "
        let size = ReadScratch.size - "\(start)16000\r\n\r\n".utf8.count
        let reply = "\(start)\(size)\r\n\r\n" + String(repeating: "a", count: size)
        #expect(reply.utf8.count == ReadScratch.size)
        let bench = try Bench(connections: 1) { connection, _ in
            connection.send(reply + (closes ? "" : "\(start)5\r\n\r\nother"))
            if closes { connection.close() }
        }
        let target = bench.target()
        let tests = (0..<20).map { _ in bench.start(target) }
        #expect(try bench.run { tests.allSatisfy(\.isOver) })
        for test in tests {
            #expect(test.error == nil)
            #expect(test.body.count == size)
        }
        #expect(bench.server.accepted == 20)
    }

    /// A target may be called by one client after another.
    @Test
    func aTargetOutlivesItsClient() throws {
        let bench = try Bench { connection, _ in connection.reply("ok") }
        let target = bench.target()
        for round in 1...3 {
            let client = try HTTPClient(loop: bench.loop)
            let tests = (0..<3).map { _ in TestTransfer() }
            for test in tests { test.transfer = client.start(target, body: .bytes([1]), delegate: test) }
            #expect(try bench.run { tests.allSatisfy(\.isOver) })
            #expect(tests.allSatisfy { $0.text == "ok" })
            #expect(client.connections == 3)
            #expect(bench.server.accepted == 3 * round)
        }
        #expect(try bench.run { bench.server.connections.isEmpty })
    }

    @Test
    func anIdleOneThatTheServerClosesIsForgotten() throws {
        let bench = try Bench { connection, _ in connection.reply("ok") }
        for speaks in [false, true] {
            let tests = (0..<5).map { _ in bench.start(bench.target()) }
            #expect(try bench.run { tests.allSatisfy(\.isOver) })
            #expect(bench.client.connections == 5)
            for connection in bench.server.connections.values {
                if speaks { connection.send("HTTP/1.1 408 Request Timeout\r\n\r\n") } else { connection.close() }
            }
            #expect(try bench.run { bench.client.connections == 0 })
            #expect(try bench.run { bench.server.connections.isEmpty })
        }
    }

    /// The one of any host that is idle for the longest goes.
    @Test
    func asManyAreKeptAsTold() throws {
        let bench = try Bench(idleConnections: 3) { connection, _ in connection.reply("ok") }
        let other = try TestServer(bench.loop) { connection, _ in connection.reply("other") }
        let elsewhere = HTTPTarget(HTTPTarget.Settings(url: other.url("/")), limit: bench.limit)
        let tests = (0..<6).map { _ in bench.start(bench.target()) }
        #expect(try bench.run { tests.allSatisfy(\.isOver) })
        #expect(try bench.run { bench.server.connections.count == 3 })
        #expect(bench.client.connections == 3)
        for _ in 0..<3 {
            let test = bench.start(elsewhere)
            #expect(try bench.run { test.isOver })
            #expect(test.text == "other")
        }
        #expect(other.accepted == 1)
        #expect(try bench.run { bench.server.connections.count == 2 })
        #expect(bench.client.connections == 3)
    }

    @Test
    func thoseOfOneHostServeAllItsPaths() throws {
        var paths: [String] = []
        let bench = try Bench { connection, request in
            paths.append(request.lines[0])
            connection.reply("ok")
        }
        for path in ["/a", "/b?c=d", "/a"] {
            let test = bench.start(bench.target(path))
            #expect(try bench.run { test.isOver })
        }
        #expect(paths == ["POST /a HTTP/1.1", "POST /b?c=d HTTP/1.1", "POST /a HTTP/1.1"])
        #expect(bench.server.accepted == 1)
    }

    /// A server that refuses a large request before it has come whole: its words are the reply, and the rest is not sent.
    @Test(arguments: [false, true])
    func aRefusalWithinTheRequestIsTheReply(_ closes: Bool) throws {
        let loop = try EpollLoop()
        #expect(HTTPClient.initializeLibrary())
        let client = try HTTPClient(loop: loop)
        let server = try RefusingServer(loop, closes: closes)
        let target = HTTPTarget(
            HTTPTarget.Settings(url: "http://127.0.0.1:\(server.port)/"), limit: HTTPConnectionLimit(maximum: 1))
        let test = TestTransfer()
        test.transfer = client.start(target, body: .bytes([UInt8](repeating: 1, count: 64 << 20)), delegate: test)
        for _ in 0..<1000 where !test.isOver { try loop.turn(waitingAtMost: 10_000_000) }
        #expect(test.isOver)
        // Where the server closes with bytes unread the kernel may throw its words away.
        if !closes || test.error == nil {
            #expect(test.error == nil)
            #expect(test.head?.status == 413 && test.text == "no")
        } else {
            #expect(test.error?.sentAny == true && test.error?.metDeadConnection == false)
        }
        #expect(client.connections == 0)
        #expect(client.activeTransfers == 0)
    }

    @Test
    func aLargeRequestToASlowReaderGoesOutWhole() throws {
        let size = 6 << 20
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 11 &+ $0 >> 10) }
        var seen: [UInt8] = []
        let bench = try Bench { connection, request in
            seen = request.body
            connection.reply("ok")
        }
        for _ in 0..<2 {
            let test = bench.start(bench.target(), body: body)
            #expect(try bench.run { test.isOver })
            #expect(test.error == nil && seen == body)
        }
        #expect(bench.server.accepted == 1)
    }

    /// Replies of all lengths in a row, of which some are paused where they end.
    @Test
    func aPauseAtTheEndHoldsNobodyBack() throws {
        let bench = try Bench { connection, request in
            connection.reply(String(repeating: "x", count: request.body.count))
        }
        let target = bench.target()
        for size in [1, 100, 16 << 10, (16 << 10) + 1, 70_000] {
            let test = bench.start(target, body: [UInt8](repeating: 0, count: size)) { $0.onPiece = { _ in .pause } }
            #expect(
                try bench.run {
                    test.transfer?.resume()
                    return test.isOver
                })
            #expect(test.error == nil && test.body.count == size)
        }
        #expect(bench.server.accepted == 1)
    }

    /// What the other suites ask of own connections is asked of libcurl as well, which has those with TLS; but for a cancel while it connects:
    /// a socket that libcurl then closes by itself counts until its number is used again, which another test may do.
    @Test
    func libcurlsAreAsGood() throws {
        try Bench.$isByLibcurl.withValue(true) {
            let basics = HTTPClientTests()
            try basics.sendsWhatItWasToldAndNothingElse()
            try basics.keepsTheConnectionAndChangesWhatIsTheRequestsOwn()
            for size in [70_000, 1_500_000, 20_000] { try basics.sendsLargeBodiesWhole(size) }
            try basics.aServerThatClosesKeptConnectionsIsTold()
            try basics.aResetBeforeTheReplyIsSaid()
            try basics.aBodyThatEndsWithTheConnectionIsWhole()
            try basics.aRedirectIsNotFollowed()
            for length in [1000, 10] { try basics.anEndlessHeadIsCutOff(length) }
            try basics.anEndlessHeaderLineIsCutOff()
            let flow = HTTPClientFlowTests()
            try flow.cancelClosesTheConnectionAndSaysNothing()
            try flow.cancelBeforeTheStartSendsNothing()
            try flow.cancelFromWithinAnEvent()
            try flow.oneTransferCancelsAnotherFromWithinAnEvent()
            try flow.startFromWithinTheEndOfAnother()
            try flow.aPauseHoldsTheServerBack()
            try flow.manyPausesLoseNothing()
            try flow.aServerThatGoesWhileWeArePausedIsNoticedLater()
            try flow.cancelWhilePaused()
            try flow.ahundredAtOnceKeepApart()
            for busy in [3, 300] { try flow.connectionsInUseTakeNoRoomFromIdleOnes(busy) }
            try flow.theLimitHoldsAndTheQueueIsInOrder()
            try flow.aClientThatGoesAwayClosesEverything()
            try flow.aTargetThatIsNoLongerCalledGoesAway()
            let resends = HTTPResendTests()
            for resets in [true, false] { try resends.aDeadConnectionIsSaid(resets) }
            try resends.aNewConnectionThatEndsWasNotADeadOne()
            try resends.aNewConnectionIsMadeWhereOneIsWantedAndKept()
            try resends.aRequestThatIsCancelledAsItGoesOutWasNotSent()
            try resends.whatWasSentIsKnownWhileItRuns()
            let chunks = HTTPChunkedReplyTests()
            try chunks.eventsComeOneByOneAndTheConnectionIsKept()
            try chunks.everyCutGivesTheSameReply()
            try chunks.anyBodyInAnyPiecesIsTheSame()
            try chunks.aPausedReplyIsNotRead()
            try chunks.streamsDoNotMix()
        }
    }
}
