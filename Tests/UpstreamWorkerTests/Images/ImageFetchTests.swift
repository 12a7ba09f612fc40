import Dialects
import Domain
import HTTPClient
import Platform
import Testing

@testable import UpstreamWorker

/// Over real sockets. Serialised: each test has a server and deadlines of its own.
@Suite(.serialized)
struct ImageFetchTests {
    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 1, 2, 3]
    private static let gif = Array("GIF89a and so on".utf8)

    /// What came of a fetch.
    private final class Outcome {
        var results: [Result<[FetchedImage], GatewayError>] = []
        var isOver: Bool { !self.results.isEmpty }
        var images: [FetchedImage]? { try? self.results.first?.get() }
        var error: GatewayError? {
            if case .failure(let error) = self.results.first { error } else { nil }
        }
    }

    private struct Bench {
        let loop: EpollLoop
        let client: HTTPClient
        let server: TestServer
        let fetcher: ImageFetcher
        let outcome = Outcome()

        init(
            _ limits: ImageLimits = ImageLimits(), reach: HTTPReach = .publicInternetOrLoopback,
            handler: @escaping (TestServer.Connection, TestServer.Request) -> Void
        ) throws {
            try #require(HTTPClient.initializeLibrary())
            self.loop = try EpollLoop()
            self.client = try HTTPClient(loop: self.loop)
            self.server = try TestServer(self.loop, handler: handler)
            self.fetcher = ImageFetcher(loop: self.loop, client: self.client, limits: limits, reach: reach)
        }

        func fetch(_ urls: [String]) -> ImageFetch {
            let outcome = self.outcome
            return self.fetcher.fetch(urls.map { Array($0.utf8) }) { outcome.results.append($0) }
        }

        func path(_ path: String) -> String { "http://127.0.0.1:\(self.server.port)\(path)" }

        /// Turns the loop until the outcome is there, and a little more: nothing may come twice.
        func run(_ fetch: ImageFetch? = nil) throws {
            #expect(!self.outcome.isOver)
            let end = Clocks.monotonicNanoseconds() + 10_000_000_000
            while !self.outcome.isOver, Clocks.monotonicNanoseconds() < end {
                try self.loop.turn(waitingAtMost: 100_000_000)
            }
            for _ in 0..<20 { try self.loop.turn(waitingAtMost: 1_000_000) }
            #expect(self.outcome.results.count == 1)
            #expect(self.fetcher.held == 0)
            #expect(self.fetcher.connections.active == 0 && self.fetcher.connections.queued == 0)
        }
    }

    private static func path(_ request: TestServer.Request) -> String {
        request.head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
    }

    private static func send(_ connection: TestServer.Connection, _ bytes: [UInt8], _ headers: String = "") {
        connection.send(
            Array("HTTP/1.1 200 OK\r\ncontent-length: \(bytes.count)\r\n\(headers)\r\n".utf8) + bytes)
    }

    @Test func imagesComeInTheirOrderWithTheTypesOfTheirBytes() throws {
        var heads: [String] = []
        let bench = try Bench { connection, request in
            heads.append(request.head.lowercased())
            // What the server says of the type does not count.
            let bytes = Self.path(request) == "/one" ? Self.png : Self.gif
            Self.send(connection, bytes, "content-type: text/html\r\n")
        }
        let fetch = bench.fetch([bench.path("/one"), bench.path("/two?a=b")])
        try bench.run(fetch)
        #expect(
            bench.outcome.images == [
                FetchedImage(mediaType: Array("image/png".utf8), bytes: Self.png),
                FetchedImage(mediaType: Array("image/gif".utf8), bytes: Self.gif),
            ])
        #expect(heads.count == 2)
        for head in heads {
            #expect(head.contains("accept-encoding: identity") && head.contains("accept: image/png"))
            #expect(!head.contains("authorization") && !head.contains("cookie") && !head.contains("api-key"))
        }
    }

    @Test func nothingIsFetchedForNobody() throws {
        let bench = try Bench { connection, _ in connection.reply("") }
        try bench.run(bench.fetch([]))
        #expect(bench.outcome.images?.isEmpty == true)
    }

    /// By its address, by a name that leads to it, and in other spellings. The door is shut where connections are made.
    @Test(arguments: ["127.0.0.1", "localhost", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"])
    func whatIsNotPublicIsRefused(_ host: String) throws {
        let bench = try Bench(reach: .publicInternet) { connection, _ in Self.send(connection, Self.png) }
        let fetch = bench.fetch(["https://\(host):\(bench.server.port)/a.png"])
        try bench.run(fetch)
        #expect(bench.server.accepted == 0)
        #expect(bench.outcome.error?.code == "invalid_image_url" && bench.outcome.error?.status == 400)
        #expect(bench.outcome.error?.message.contains("has no address on the public Internet") == true)
        #expect(fetch.faultyURL == 0)
    }

    /// The words are those of an address that is refused: nobody finds out by them which names there are inside.
    @Test func aNameThatDoesNotExistSoundsTheSame() throws {
        let bench = try Bench(reach: .publicInternet) { _, _ in }
        try bench.run(bench.fetch(["https://nobody.invalid/a.png"]))
        #expect(
            bench.outcome.error?.message
                == "The image cannot be fetched: nobody.invalid has no address on the public Internet.")
    }

    @Test func plainHTTPIsRefused() throws {
        let bench = try Bench(reach: .publicInternet) { connection, _ in Self.send(connection, Self.png) }
        let fetch = bench.fetch(["https://example.com/", bench.path("/")])
        try bench.run(fetch)
        #expect(bench.outcome.error?.message == "Images are fetched by https:// only.")
        #expect(fetch.faultyURL == 1)
        #expect(bench.server.accepted == 0)
    }

    @Test func aRedirectionIsFollowedAndGuarded() throws {
        let bench = try Bench { connection, request in
            switch Self.path(request) {
            case "/1": connection.reply("moved", status: "302 Found", headers: "location: /2\r\n")
            case "/2": connection.reply("", status: "307 Temporary Redirect", headers: "location: 3?x\r\n")
            case "/3?x":
                connection.reply(
                    "moved", status: "301 Moved", headers: "location: //127.0.0.1:\(connection.server.port)/4\r\n")
            case "/4": Self.send(connection, Self.png)
            case "/inside":
                connection.reply("", status: "302 Found", headers: "location: https://169.254.169.254/latest\r\n")
            case "/file": connection.reply("", status: "302 Found", headers: "location: file:///etc/passwd\r\n")
            case "/user": connection.reply("", status: "302 Found", headers: "location: http://u@127.0.0.1/\r\n")
            default: connection.reply("", status: "302 Found", headers: "location: /0\r\n")
            }
        }
        try bench.run(bench.fetch([bench.path("/1")]))
        #expect(bench.outcome.images?.first?.bytes == Self.png)
        for (path, message) in [
            ("/inside", "The image cannot be fetched: 169.254.169.254 has no address on the public Internet."),
            ("/file", "sends on to what is no https:// URL"), ("/user", "sends on to what is no https:// URL"),
            ("/0", "sends on too many times"),
        ] {
            bench.outcome.results = []
            try bench.run(bench.fetch([bench.path(path)]))
            #expect(bench.outcome.error?.message.contains(message) == true, "\(path) \(bench.outcome.results)")
        }
    }

    @Test func tooManyTooLargeAndTooLargeTogether() throws {
        var limits = ImageLimits()
        limits.images = 3
        limits.bytes = 1000
        limits.bytesTogether = 2500
        let bench = try Bench(limits) { connection, request in
            switch Self.path(request) {
            case "/fits": Self.send(connection, Self.png + [UInt8](repeating: 7, count: 985))
            case "/chunked":
                connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n400\r\n")
                connection.send(Self.png + [UInt8](repeating: 7, count: 1009))
                connection.send("\r\n0\r\n\r\n")
            default:
                // Said to be large: not one byte of it has to come.
                connection.send("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n")
            }
        }
        try bench.run(bench.fetch([bench.path("/fits"), bench.path("/fits")]))
        #expect(bench.outcome.images?.map(\.bytes.count) == [1000, 1000])
        for (paths, message) in [
            (["/fits", "/chunked"], "is larger than 1000 bytes"), (["/announced"], "is larger than 1000 bytes"),
            (["/fits", "/fits", "/fits"], "are larger than 2500 bytes together"),
            (["/fits", "/fits", "/fits", "/fits"], "fetches at most 3"),
        ] {
            bench.outcome.results = []
            try bench.run(bench.fetch(paths.map(bench.path)))
            #expect(bench.outcome.error?.message.contains(message) == true, "\(paths) \(bench.outcome.results)")
        }
    }

    @Test func theWorkerHoldsNoMoreThanItMay() throws {
        var limits = ImageLimits()
        limits.bytesOfWorker = 20
        let bench = try Bench(limits) { connection, _ in Self.send(connection, Self.png) }
        try bench.run(bench.fetch([bench.path("/1"), bench.path("/2")]))
        #expect(bench.outcome.error?.status == 503 && bench.outcome.error?.retry == .later)
        bench.outcome.results = []
        try bench.run(bench.fetch([bench.path("/1")]))
        #expect(bench.outcome.images?.count == 1)
    }

    @Test(
        arguments: [
            ("/html", "is no PNG, JPEG, GIF or WebP image"), ("/empty", "is no PNG, JPEG, GIF or WebP image"),
            ("/short", "is no PNG, JPEG, GIF or WebP image"), ("/missing", "answered with status 404"),
            ("/unchanged", "answered with status 304"), ("/cut", "did not send it whole"),
            ("/gone", "did not send it whole"),
            ("/packed", "did not send it whole"), ("/nonsense", "did not send it whole"),
        ])
    func whatIsNoImageIsRefused(path: String, message: String) throws {
        let bench = try Bench { connection, request in
            switch Self.path(request) {
            // Without end: it is known for what it is by its first bytes.
            case "/html":
                connection.send(
                    "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\ncontent-type: image/png\r\n\r\n<!DOCTYPE html>")
            case "/empty": connection.reply("")
            case "/short": connection.reply("GIF")
            case "/missing": connection.reply("no", status: "404 Not Found")
            case "/unchanged": connection.send("HTTP/1.1 304 Not Modified\r\n\r\n")
            case "/cut":
                connection.send(Array("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n".utf8) + Self.png)
                connection.close()
            case "/packed": Self.send(connection, Self.png, "content-encoding: gzip\r\n")
            case "/nonsense": connection.send("SSH-2.0-OpenSSH_9.2\r\n\r\n")
            default: connection.close()
            }
        }
        let fetch = bench.fetch([bench.path(path)])
        try bench.run(fetch)
        #expect(bench.outcome.error?.message.contains(message) == true, "\(bench.outcome.results)")
        #expect(fetch.faultyURL == 0)
    }

    @Test func allOfItHasADeadline() throws {
        var limits = ImageLimits()
        limits.time = 150
        let bench = try Bench(limits) { connection, request in
            if Self.path(request) == "/fast" { Self.send(connection, Self.png) }
        }
        let fetch = bench.fetch([bench.path("/fast"), bench.path("/slow")])
        try bench.run(fetch)
        #expect(bench.outcome.error?.message.contains("could not be fetched within") == true)
        #expect(fetch.faultyURL == nil)
    }

    @Test func whoeverCancelsHearsNothing() throws {
        let bench = try Bench { connection, request in
            if Self.path(request) == "/fast" { Self.send(connection, Self.png) }
        }
        let fetch = bench.fetch([bench.path("/fast"), bench.path("/slow")])
        let end = Clocks.monotonicNanoseconds() + 5_000_000_000
        while bench.fetcher.held == 0, Clocks.monotonicNanoseconds() < end {
            try bench.loop.turn(waitingAtMost: 100_000_000)
        }
        #expect(bench.fetcher.held == Self.png.count)
        fetch.cancel()
        fetch.cancel()
        #expect(bench.fetcher.held == 0 && bench.fetcher.connections.active == 0)
        // One that is decided already, too.
        let refused = bench.fetch(["ftp://h/"])
        refused.cancel()
        for _ in 0..<50 { try bench.loop.turn(waitingAtMost: 1_000_000) }
        #expect(!bench.outcome.isOver)
        #expect(bench.client.activeTransfers == 0 && bench.client.connections == 0)
    }

    /// A fetch that nobody keeps goes on to its end.
    @Test func nobodyHasToKeepIt() throws {
        let bench = try Bench { connection, _ in Self.send(connection, Self.png) }
        weak let fetch = bench.fetch([bench.path("/")])
        #expect(fetch != nil)
        try bench.run()
        #expect(bench.outcome.images?.count == 1)
        #expect(fetch == nil)
    }
}
