import HTTPClient
import Platform
import Testing

/// Everything over real sockets and one loop. Serialised: each test has connections and deadlines of its own.
@Suite(.serialized)
struct HTTPClientTests {
    @Test
    func sendsWhatItWasToldAndNothingElse() throws {
        var seen: TestServer.Request?
        let bench = try Bench { connection, request in
            seen = request
            connection.reply("{\"a\":1}", headers: "X-Request-Id: abc\r\nRetry-After: 7\r\n")
        }
        let target = bench.target(headers: [
            "content-type: application/json", "accept: application/json", "accept-encoding: identity",
            "user-agent: sluice/1", "bad: a\r\nInjected: b",
        ])
        let test = bench.start(target, body: Array("{\"model\":\"m\"}".utf8), unique: "x-client-request-id: r-1")
        #expect(try bench.run { test.isOver })
        #expect(test.error == nil)
        #expect(test.head?.status == 200)
        #expect(test.head?.contentLength == 7)
        #expect(test.head?.requestID == Array("abc".utf8))
        #expect(test.head?.retryAfter == Array("7".utf8))
        #expect(test.text == "{\"a\":1}")
        #expect(seen?.body == Array("{\"model\":\"m\"}".utf8))
        #expect(
            Set(seen?.lines ?? []) == [
                "POST /v1/chat/completions HTTP/1.1", "Host: 127.0.0.1:\(bench.server.port)",
                "x-client-request-id: r-1", "content-type: application/json", "accept: application/json",
                "accept-encoding: identity", "user-agent: sluice/1", "Content-Length: 13",
            ])
    }

    @Test
    func keepsTheConnectionAndChangesWhatIsTheRequestsOwn() throws {
        var bodies: [String] = []
        var ids: [String] = []
        let bench = try Bench { connection, request in
            bodies.append(String(decoding: request.body, as: UTF8.self))
            ids.append(contentsOf: request.lines.filter { $0.hasPrefix("id: ") })
            connection.reply("ok \(bodies.count)")
        }
        let target = bench.target()
        for number in 1...20 {
            let test = bench.start(target, body: Array(repeating: 0x61, count: number), unique: "id: \(number)")
            #expect(try bench.run { test.isOver })
            #expect(test.text == "ok \(number)")
        }
        #expect(bench.server.accepted == 1)
        #expect(bench.client.connections == 1)
        #expect(bodies == (1...20).map { String(repeating: "a", count: $0) })
        #expect(ids == (1...20).map { "id: \($0)" })
    }

    @Test
    func readsChunkedBodiesAndGets() throws {
        let bench = try Bench { connection, request in
            #expect(request.head.hasPrefix("GET /models HTTP/1.1"))
            connection.send(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\ntrailer: x\r\n\r\n")
        }
        let test = bench.start(bench.target("/models", method: .get), body: [])
        #expect(try bench.run { test.isOver })
        #expect(test.error == nil)
        #expect(test.text == "abcde")
        #expect(test.head?.contentLength == nil)
        #expect(test.heads == 1)
    }

    @Test(arguments: [70_000, 1_500_000, 20_000])
    func sendsLargeBodiesWhole(_ size: Int) throws {
        var seen: TestServer.Request?
        let bench = try Bench { connection, request in
            seen = request
            connection.reply("ok")
        }
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let target = bench.target()
        for _ in 0..<2 {
            let test = bench.start(target, body: body)
            #expect(try bench.run { test.isOver })
            #expect(test.error == nil)
            #expect(seen?.body == body)
            #expect(seen?.head.lowercased().contains("expect") == false)
        }
    }

    /// A request may meet a connection that is being closed: then the error says that another attempt is worth while.
    @Test
    func aServerThatClosesKeptConnectionsIsTold() throws {
        let bench = try Bench { connection, _ in
            connection.reply("ok")
            connection.close()
        }
        let target = bench.target()
        var served = 0
        for _ in 0..<200 {
            let test = bench.start(target)
            #expect(try bench.run { test.isOver })
            if let error = test.error { #expect(error.metDeadConnection) } else { served += 1 }
        }
        #expect(served > 100)
    }

    @Test
    func aResetBeforeTheReplyIsSaid() throws {
        let bench = try Bench { connection, _ in connection.reset() }
        let test = bench.start(bench.target())
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .resetBeforeReply)
        #expect(test.error?.sentAny == true)
        #expect(test.head == nil)
        let closing = try Bench { connection, _ in connection.close() }
        let second = closing.start(closing.target())
        #expect(try closing.run { second.isOver })
        #expect(second.error?.kind == .resetBeforeReply)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\ncontent-le",
    ])
    func anEndWithinTheReplyIsSaid(_ reply: String) throws {
        for resets in [false, true] {
            let bench = try Bench { connection, _ in
                connection.send(reply)
                if resets {
                    connection.server.loop.schedule(after: 20_000_000) { connection.reset() }
                } else {
                    connection.close()
                }
            }
            let test = bench.start(bench.target())
            #expect(try bench.run { test.isOver })
            #expect(test.error?.kind == .resetInReply)
        }
    }

    @Test
    func aBodyThatEndsWithTheConnectionIsWhole() throws {
        let bench = try Bench { connection, _ in
            connection.send("HTTP/1.0 200 OK\r\n\r\nabc")
            connection.close()
        }
        let test = bench.start(bench.target())
        #expect(try bench.run { test.isOver })
        #expect(test.error == nil)
        #expect(test.text == "abc")
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx", "SSH-2.0-x\r\n", "abc",
    ])
    func whatIsNotHTTPAsAskedForIsSaid(_ reply: String) throws {
        let bench = try Bench { connection, _ in
            connection.send(reply)
            connection.close()
        }
        let test = bench.start(bench.target())
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .protocolViolation)
    }

    @Test
    func aRedirectIsNotFollowed() throws {
        let bench = try Bench { connection, _ in
            connection.reply("", status: "302 Found", headers: "location: /elsewhere\r\n")
        }
        let test = bench.start(bench.target())
        #expect(try bench.run { test.isOver })
        #expect(test.head?.status == 302)
        #expect(bench.server.requests == 1)
    }

    @Test(arguments: [1000, 10])
    func anEndlessHeadIsCutOff(_ lineLength: Int) throws {
        let line = "x: " + String(repeating: "a", count: lineLength) + "\r\n"
        let bench = try Bench { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 200_000 / line.count))
        }
        let test = bench.start(bench.target())
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .tooLarge)
    }

    @Test
    func anEndlessHeaderLineIsCutOff() throws {
        let bench = try Bench { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nx: " + String(repeating: "a", count: 400_000))
        }
        let test = bench.start(bench.target())
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .tooLarge)
    }

    @Test
    func nobodyThereIsSaid() throws {
        let bench = try Bench { _, _ in }
        let port: Int
        do {
            let gone = try TestServer(bench.loop) { _, _ in }
            port = gone.port
            bench.loop.forget(gone.listenerNumber)
        }
        let target = HTTPTarget(HTTPTarget.Settings(url: "http://127.0.0.1:\(port)/"), limit: bench.limit)
        let test = bench.start(target)
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .connect)
        #expect(test.error?.sentAny == false)
        let unknown = HTTPTarget(HTTPTarget.Settings(url: "http://name.invalid/"), limit: bench.limit)
        let second = bench.start(unknown)
        #expect(try bench.run { second.isOver })
        #expect(second.error?.kind == .resolve)
    }

    @Test
    func aConnectionThatNeverOpensTimesOut() throws {
        // TLS against a server that only listens: the handshake never ends.
        let bench = try Bench { _, _ in }
        let target = HTTPTarget(
            HTTPTarget.Settings(url: "https://127.0.0.1:\(bench.server.port)/", connectTimeout: 100),
            limit: bench.limit)
        let test = bench.start(target)
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .connectTimeout)
        #expect(test.error?.sentAny == false)
    }

    @Test
    func anotherProtocolThanHTTPIsRefused() throws {
        let bench = try Bench { _, _ in }
        let test = bench.start(HTTPTarget(HTTPTarget.Settings(url: "file:///etc/passwd"), limit: bench.limit))
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .protocolViolation)
        #expect(test.body.isEmpty)
    }

    @Test
    func aServerThatSpeaksNoTLSIsSaid() throws {
        let bench = try Bench { _, _ in }
        bench.server.greeting = "HTTP/1.1 400 Bad Request\r\n\r\n"
        let target = HTTPTarget(
            HTTPTarget.Settings(url: "https://127.0.0.1:\(bench.server.port)/"), limit: bench.limit)
        let test = bench.start(target)
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .tls)
        #expect(test.error?.sentAny == false)
    }

    @Test
    func aConfiguredProxyIsUsedAndItsOwnHeadIsNotTheReply() throws {
        var lines: [String] = []
        let bench = try Bench { connection, request in
            lines.append(request.lines[0])
            if request.head.hasPrefix("CONNECT") {
                connection.send("HTTP/1.1 200 Connection established\r\nX-Request-Id: proxy\r\n\r\n")
                connection.close()
            } else {
                connection.reply("ok")
            }
        }
        let proxy = "http://127.0.0.1:\(bench.server.port)"
        let plain = bench.start(
            HTTPTarget(
                HTTPTarget.Settings(url: "http://provider.invalid/v1", proxy: proxy), limit: bench.limit))
        #expect(try bench.run { plain.isOver })
        #expect(plain.text == "ok")
        let secure = bench.start(
            HTTPTarget(
                HTTPTarget.Settings(
                    url: "https://provider.invalid/v1", headers: [Array("authorization: Bearer secret".utf8)],
                    proxy: proxy), limit: bench.limit))
        #expect(try bench.run { secure.isOver })
        #expect(secure.head == nil)
        #expect(secure.error != nil)
        #expect(lines == ["POST http://provider.invalid/v1 HTTP/1.1", "CONNECT provider.invalid:443 HTTP/1.1"])
    }
}
