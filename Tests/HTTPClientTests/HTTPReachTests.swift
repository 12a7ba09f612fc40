import Platform
import Testing

@testable import HTTPClient

/// Targets that may not be found everywhere, over real sockets. Serialised as the others.
@Suite(.serialized)
struct HTTPReachTests {
    private func target(
        _ bench: Bench, _ url: String, _ reach: HTTPReach, keeps: Bool = true, resolutions: [String] = []
    ) -> HTTPTarget {
        var settings = HTTPTarget.Settings(url: url, method: .get, reach: reach, keepsConnections: keeps)
        settings.resolutions = resolutions
        return HTTPTarget(settings, limit: bench.limit)
    }

    /// Addresses in every spelling, and a name that leads to one.
    @Test(arguments: [
        "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "169.254.169.254", "10.0.0.1", "[fe80::1]", "[fd00::1]", "[fd00:ec2::254]", "0251.0376.0251.0376", "0xa9fea9fe",
        "2852039166", "127.0.1", "0", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::1]", "[::]",
        "[2001:0:7f00:1::1]", "100.100.100.200", "224.0.0.1", "255.255.255.255", "[ff02::1]", "192.0.2.1", "１２７.0.0.1",
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
        let guarded = self.target(bench, url, .publicInternetOrLoopback, keeps: false)
        for count in 2...3 {
            let test = bench.start(guarded, body: [])
            #expect(try bench.run { test.isOver })
            #expect(test.error == nil)
            #expect(bench.server.accepted == count)
        }
        // And leaves none.
        #expect(try bench.run { bench.client.connections == 1 })
    }

    /// What is kept is kept for those of the same reach.
    @Test func keepsConnectionsForItsOwnKind() throws {
        let bench = try Bench { connection, _ in connection.reply("ok") }
        let url = bench.server.url("/")
        let reaches: [(HTTPReach, accepted: Int)] = [
            (.anywhere, 1), (.publicInternetOrLoopback, 2), (.publicInternetOrLoopback, 2), (.anywhere, 2),
            (.publicInternetOrLoopback, 2), (.anywhere, 2),
        ]
        for (reach, accepted) in reaches {
            let test = bench.start(self.target(bench, url, reach), body: [])
            #expect(try bench.run { test.isOver })
            #expect(test.error == nil && bench.server.accepted == accepted)
        }
        #expect(bench.client.connections == 2)
        // One that may not go there does not use what the other one has opened.
        let strict = self.target(bench, "https://127.0.0.1:\(bench.server.port)/", .publicInternet)
        let test = bench.start(strict, body: [])
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .forbiddenAddress && bench.server.accepted == 2)
    }

    /// A name is resolved anew for each connection, and each address is looked at when it is connected to.
    @Test func aNameThatLeadsElsewhereTheSecondTime() throws {
        let bench = try Bench { connection, _ in
            connection.reply("ok", headers: "Connection: close\r\n")
        }
        let port = bench.server.port
        let url = "http://rebinding.example:\(port)/"
        let good = self.target(
            bench, url, .publicInternetOrLoopback, resolutions: ["rebinding.example:\(port):127.0.0.1"])
        let first = bench.start(good, body: [])
        #expect(try bench.run { first.isOver })
        #expect(first.error == nil && bench.server.accepted == 1)
        for address in ["10.0.0.1", "169.254.169.254", "[fd00:ec2::254]", "[::ffff:127.0.0.1]", "0.0.0.0"] {
            let bad = self.target(
                bench, url, .publicInternetOrLoopback, resolutions: ["rebinding.example:\(port):\(address)"])
            let test = bench.start(bad, body: [])
            #expect(try bench.run { test.isOver })
            #expect(test.error?.kind == .forbiddenAddress && test.error?.sentAny == false)
        }
        #expect(bench.server.accepted == 1)
    }

    /// Of several addresses only those are tried that may be connected to.
    @Test func aNameWithBothKindsOfAddresses() throws {
        let bench = try Bench { connection, _ in connection.reply("ok") }
        let port = bench.server.port
        let mixed = ["mixed.example:\(port):10.0.0.1,127.0.0.1,169.254.169.254"]
        let test = bench.start(
            self.target(
                bench, "http://mixed.example:\(port)/", .publicInternetOrLoopback, resolutions: mixed), body: [])
        #expect(try bench.run { test.isOver })
        #expect(test.error == nil && bench.server.accepted == 1)
        let strict = bench.start(
            self.target(bench, "https://mixed.example:\(port)/", .publicInternet, resolutions: mixed), body: [])
        #expect(try bench.run { strict.isOver })
        #expect(strict.error?.kind == .forbiddenAddress && bench.server.accepted == 1)
    }

    /// Places at a limit are given on to whoever waits, also where that is another client's.
    @Test func aLimitMayBeSharedByAllReaches() throws {
        let bench = try Bench(connections: 1) { connection, _ in connection.reply("ok") }
        let url = bench.server.url("/")
        let tests = [HTTPReach.anywhere, .publicInternetOrLoopback, .anywhere, .publicInternetOrLoopback].map {
            bench.start(self.target(bench, url, $0), body: [])
        }
        #expect(try bench.run { tests.allSatisfy { $0.isOver } })
        #expect(tests.allSatisfy { $0.error == nil } && bench.server.accepted == 2)
        #expect(bench.client.activeTransfers == 0)
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
