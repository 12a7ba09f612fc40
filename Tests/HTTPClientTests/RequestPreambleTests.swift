import Testing

@testable import HTTPClient

/// The head of a request is the same whether libcurl writes it, we write it for libcurl, or we send it.
@Suite(.serialized)
struct RequestPreambleTests {
    private static let headers = [
        "content-type: application/json", "accept: a/b", "x-empty-not: 1", "bad: a\r\nInjected: b",
    ]

    private enum Writer: CaseIterable {
        case libcurl
        case weForLibcurl
        case we

        /// What stands behind the product.
        var suffix: String { self == .weForLibcurl ? " HTTP/1.1" : "" }
    }

    /// The lines of one request as they arrive, and whether we wrote them.
    private func lines(
        _ bench: Bench, _ seen: () -> [String], _ url: String, _ writer: Writer, resolving name: String? = nil,
        further: [[UInt8]] = []
    ) throws -> (lines: [String], isOurs: Bool) {
        let product = writer != .libcurl
        let agent = product ? [] : ["user-agent: t/1"]
        var settings = HTTPTarget.Settings(
            url: url, headers: (Self.headers + agent).map { Array($0.utf8) }, product: product ? "t/1" : nil)
        settings.usesOwnConnections = writer == .we
        if let name { settings.resolutions = ["\(name):\(bench.server.port):127.0.0.1"] }
        let target = HTTPTarget(settings, limit: bench.limit)
        let test = TestTransfer()
        test.transfer = bench.client.start(
            target, body: .bytes(Array("{}".utf8)), uniqueHeader: Array("id: 7".utf8), headers: further, delegate: test)
        #expect(try bench.run { test.isOver })
        #expect(test.error == nil && test.head?.status == 200)
        return (seen().map(Self.folded).sorted(), (writer == .we ? target.ownHead : target.preamble) != nil)
    }

    /// Names of headers are written in either case.
    private static func folded(_ line: String) -> String {
        guard let colon = line.firstIndex(of: ":"), !line.hasPrefix("POST") else { return line }
        return line[..<colon].lowercased() + line[colon...]
    }

    @Test(arguments: [
        "/v1/chat/completions", "", "/", "/a/./b/../c", "/v1?api-version=1&x=%20y", "/?", "/%C3%A9", "/a#fragment",
        "/a?b#c", "//double",
    ])
    func isWhatLibcurlWrites(_ path: String) throws {
        var seen: [String] = []
        let bench = try Bench { connection, request in
            seen = request.lines
            connection.reply("ok")
        }
        let url = "http://127.0.0.1:\(bench.server.port)\(path)"
        let theirs = try self.lines(bench, { seen }, url, .libcurl)
        #expect(!theirs.isOurs)
        for writer in [Writer.weForLibcurl, .we] {
            let ours = try self.lines(bench, { seen }, url, writer)
            #expect(ours.isOurs)
            #expect(ours.lines == theirs.lines.map { $0 == "user-agent: t/1" ? $0 + writer.suffix : $0 })
            #expect(ours.lines.contains("id: 7") && !ours.lines.contains { $0.contains("Injected") })
        }
    }

    @Test(arguments: [
        ("provider.test", true), ("Provider-1.TEST", true), ("under_score.test", false), ("user@provider.test", false),
        ("xn--bcher-kva.test", true),
    ])
    func namesItsHost(_ name: String, _ isOurs: Bool) throws {
        var seen: [String] = []
        let bench = try Bench { connection, request in
            seen = request.lines
            connection.reply("ok")
        }
        let host = name.split(separator: "@").last.map { String($0) }
        let url = "http://\(name):\(bench.server.port)/v1"
        let theirs = try self.lines(bench, { seen }, url, .libcurl, resolving: host)
        for writer in [Writer.weForLibcurl, .we] {
            let ours = try self.lines(bench, { seen }, url, writer, resolving: host)
            #expect(ours.isOurs == isOurs)
            #expect(ours.lines == theirs.lines.map { $0 == "user-agent: t/1" && isOurs ? $0 + writer.suffix : $0 })
        }
    }

    /// Ports, as far as they cannot be connected to here.
    @Test(arguments: [
        ("https://provider.test/v1", "provider.test"), ("https://provider.test:443/v1", "provider.test"),
        ("http://provider.test:80/v1", "provider.test"), ("http://provider.test:443/v1", "provider.test:443"),
        ("https://[::1]:8443/v1", "[::1]:8443"),
    ])
    func namesItsPort(_ url: String, _ host: String) throws {
        let settings = HTTPTarget.Settings(url: url, product: "t/1")
        let preamble = try #require(RequestPreamble(settings, CurlURL(url)))
        var text: [UInt8] = []
        preamble.write([], [], to: &text)
        #expect(String(decoding: text, as: UTF8.self) == "/v1 HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: t/1\0")
        for length in [0, 1, 9, 10, 1_234_567, Int.max] {
            preamble.write(Array("a: b".utf8), [], length: length, to: &text)
            let whole =
                "POST /v1 HTTP/1.1\r\nHost: \(host)\r\na: b\r\nUser-Agent: t/1\r\nContent-Length: \(length)\r\n\r\n"
            #expect(String(decoding: text, as: UTF8.self) == whole)
        }
    }

    @Test
    func leavesToLibcurlWhatItHasToWrite() {
        let url = "http://provider.test/v1"
        func isOurs(_ settings: HTTPTarget.Settings) -> Bool {
            RequestPreamble(settings, CurlURL(settings.url))?.suitsLibcurl == true
        }
        #expect(isOurs(HTTPTarget.Settings(url: url, product: "t/1")))
        #expect(!isOurs(HTTPTarget.Settings(url: url)))
        #expect(!isOurs(HTTPTarget.Settings(url: url, product: "")))
        #expect(!isOurs(HTTPTarget.Settings(url: url, product: "t/1\r\nx: y")))
        #expect(!isOurs(HTTPTarget.Settings(url: url, method: .get, product: "t/1")))
        #expect(!isOurs(HTTPTarget.Settings(url: url, product: "t/1", proxy: "http://127.0.0.1:1")))
        #expect(!isOurs(HTTPTarget.Settings(url: "no url", product: "t/1")))
    }

    /// What a client may say comes in lines of its own; more than a line is none.
    @Test
    func takesFurtherLinesWhole() throws {
        var seen: [String] = []
        let bench = try Bench { connection, request in
            seen = request.lines
            connection.reply("ok")
        }
        let further = [
            "anthropic-beta: one", "two: a\nb: c", "nul: a\0b", "x-long: " + String(repeating: "y", count: 5000),
        ]
        let url = "http://127.0.0.1:\(bench.server.port)/v1"
        for writer in Writer.allCases {
            let found = try self.lines(bench, { seen }, url, writer, further: further.map { Array($0.utf8) }).lines
            #expect(found.contains("anthropic-beta: one") && found.contains(further[3]))
            #expect(!found.contains { $0.hasPrefix("b:") || $0.hasPrefix("two") || $0.hasPrefix("nul") })
            // The next request has none of it.
            #expect(try !self.lines(bench, { seen }, url, writer).lines.contains("anthropic-beta: one"))
        }
    }
}
