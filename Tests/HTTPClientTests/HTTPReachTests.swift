import HTTPClient
import Platform
import Testing

/// Targets that may not be found everywhere, over real sockets. Serialised as the others.
@Suite(.serialized)
struct HTTPReachTests {
    private func target(_ bench: Bench, _ url: String, _ reach: HTTPReach) -> HTTPTarget {
        HTTPTarget(HTTPTarget.Settings(url: url, method: .get, reach: reach), limit: bench.limit)
    }

    /// Addresses in every spelling, and a name that leads to one.
    @Test(arguments: [
        "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "169.254.169.254", "10.0.0.1", "[fe80::1]", "[fd00::1]",
    ])
    func doesNotConnectToWhatIsNotPublic(_ host: String) throws {
        let bench = try Bench { connection, _ in connection.reply("secret") }
        let url = "https://\(host):\(bench.server.port)/"
        let test = bench.start(self.target(bench, url, .publicInternet), body: [])
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .forbiddenAddress)
        #expect(test.error?.sentAny == false)
        try bench.settle()
        #expect(bench.server.accepted == 0)
        #expect(bench.client.connections == 0)
    }

    @Test func takesHTTPSOnly() throws {
        let bench = try Bench { connection, _ in connection.reply("secret") }
        let test = bench.start(self.target(bench, bench.server.url("/"), .publicInternet), body: [])
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .protocolViolation)
        #expect(bench.server.accepted == 0)
    }

    @Test(arguments: ["127.0.0.1", "localhost"]) func loopbackCanBeAdmitted(_ host: String) throws {
        let bench = try Bench { connection, _ in connection.reply("ok") }
        let url = "http://\(host):\(bench.server.port)/"
        let test = bench.start(self.target(bench, url, .publicInternetOrLoopback), body: [])
        #expect(try bench.run { test.isOver })
        #expect(test.error == nil && test.text == "ok")
    }

    @Test func noUserName() throws {
        let bench = try Bench { connection, _ in connection.reply("ok") }
        let url = "http://u:p@127.0.0.1:\(bench.server.port)/"
        let test = bench.start(self.target(bench, url, .publicInternetOrLoopback), body: [])
        #expect(try bench.run { test.isOver })
        #expect(test.error != nil)
        #expect(bench.server.accepted == 0)
    }

    /// A connection that an operator's target has left open leads to an address that the other may not use.
    @Test func usesNobodysConnections() throws {
        let bench = try Bench { connection, _ in connection.reply("ok") }
        let url = bench.server.url("/")
        let own = bench.start(self.target(bench, url, .anywhere), body: [])
        #expect(try bench.run { own.isOver })
        #expect(bench.client.connections == 1)
        let guarded = self.target(bench, url, .publicInternetOrLoopback)
        for count in 2...3 {
            let test = bench.start(guarded, body: [])
            #expect(try bench.run { test.isOver })
            #expect(test.error == nil)
            #expect(bench.server.accepted == count)
        }
        // And leaves none.
        #expect(try bench.run { bench.client.connections == 1 })
    }

    @Test func saysWhereItIsSentTo() throws {
        let bench = try Bench { connection, request in
            let path = request.head.split(separator: " ")[1]
            connection.reply(
                "moved", status: "302 Found",
                headers: path == "/a/b" ? "Location: ../c?d#e\r\n" : "Location: https://h/x\r\n")
        }
        let relative = bench.start(self.target(bench, bench.server.url("/a/b"), .publicInternetOrLoopback), body: [])
        #expect(try bench.run { relative.isOver })
        #expect(relative.head?.status == 302 && relative.error == nil)
        #expect(relative.transfer?.redirection == bench.server.url("/c?d#e"))
        let absolute = bench.start(self.target(bench, bench.server.url("/z"), .publicInternetOrLoopback), body: [])
        #expect(try bench.run { absolute.isOver })
        #expect(absolute.transfer?.redirection == "https://h/x")
        #expect(bench.server.requests == 2)
        // Nobody else asks for it.
        let other = bench.start(self.target(bench, bench.server.url("/a/b"), .anywhere), body: [])
        #expect(try bench.run { other.isOver })
        #expect(other.transfer?.redirection == nil)
    }
}
