@testable import HTTPClient
import Testing

@Suite
struct HTTPHeadParserTests {
    private func read(_ lines: [String], limit: Int = 1000) -> [HTTPHeadParser.Event] {
        var parser = HTTPHeadParser(limit: limit)
        return lines.map { line in parser.read(Array((line + "\r\n").utf8).span) }
    }

    @Test
    func keepsTheFieldsThatMatter() {
        let events = self.read([
            "HTTP/1.1 429 Too Many", "Content-Type:  application/json; charset=utf-8 ", "CONTENT-LENGTH: 12", "x: y",
            "Retry-After: 3", "retry-after-ms: 2500", "Request-Id: a", "X-Request-ID: b", "no colon", "",
        ])
        let head = HTTPResponseHead(
            status: 429, contentType: Array("application/json; charset=utf-8".utf8), contentLength: 12,
            retryAfter: Array("3".utf8), retryAfterMilliseconds: Array("2500".utf8), requestID: Array("b".utf8),
            retryFields: Array("Retry-After: 3\nretry-after-ms: 2500\n".utf8))
        #expect(events.last == .complete(head))
        #expect(events.dropLast().allSatisfy { $0 == .more })
    }

    @Test
    func keepsTheLinesAboutTryingAgain() {
        let kept = [
            "X-Should-Retry: false", "x-ratelimit-remaining-requests: 0", "X-RateLimit-Reset-Requests: 6m0s",
            "anthropic-ratelimit-tokens-reset: 2024-05-01T10:00:00Z", "retry-after: 1", "retry-after: 2",
        ]
        let other = [
            "x-ratelimit-limit-requests: 60", "x-ratelimit", "anthropic-version: 1", "retry: 1", "x-ratelimi: 0",
        ]
        let events = self.read(["HTTP/1.1 200 OK"] + other + kept + [""])
        guard case .complete(let head) = events.last else { return #expect(Bool(false)) }
        #expect(head.retryFields == Array((kept.joined(separator: "\n") + "\n").utf8))
        #expect(head.retryAfter == Array("1".utf8))
    }

    @Test
    func keepsABoundedNumberOfThem() {
        let line = "x-ratelimit-reset-" + String(repeating: "x", count: 81)
        let events = self.read(["HTTP/1.1 200 OK"] + Array(repeating: line + ":", count: 30) + [""], limit: 10_000)
        guard case .complete(let head) = events.last else { return #expect(Bool(false)) }
        #expect(head.retryFields.count == 20 * 101)
    }

    @Test
    func skipsInterimHeads() {
        let events = self.read(["HTTP/1.1 103 Early", "content-type: a", "", "HTTP/1.1 204", ""])
        #expect(events.last == .complete(HTTPResponseHead(status: 204)))
        #expect(events[2] == .more)
    }

    @Test
    func aTransferCodingHidesTheLength() {
        let events = self.read(["HTTP/1.1 200 OK", "content-length: 5", "transfer-encoding: chunked", ""])
        #expect(events.last == .complete(HTTPResponseHead(status: 200)))
    }

    @Test(arguments: ["+5", "0x5", "5 5", "", "99999999999999999999", "-1"])
    func ignoresABadLength(_ value: String) {
        let events = self.read(["HTTP/1.1 200 OK", "content-length: \(value)", ""])
        #expect(events.last == .complete(HTTPResponseHead(status: 200, endsByClose: true)))
    }

    @Test(arguments: [
        ("content-length: 0", false), ("transfer-encoding: Chunked", false),
        ("transfer-encoding: gzip, chunked ", false),
        ("transfer-encoding: identity", true), ("connection: close", true),
    ])
    func knowsWhatOnlyTheCloseEnds(_ line: String, _ endsByClose: Bool) {
        guard case .complete(let head) = self.read(["HTTP/1.1 200 OK", line, ""]).last else {
            Issue.record("no head")
            return
        }
        #expect(head.endsByClose == endsByClose)
    }

    /// How a reply's body is framed, by the fields of a head of which `HTTP/1.1 200` is the first line where it has no other; nil where
    /// nobody can say.
    @Test(
        arguments: [
            ("content-length: 7", .length(7)), ("content-length: 7|Content-Length: 7", .length(7)),
            ("x: y", .untilClose),
            ("content-length: 7|content-length: 8", nil), ("content-length: 7, 7", nil), ("content-length: -1", nil),
            ("content-length:", nil), ("content-length: 9999999999999999999", nil),
            ("content-length: x|content-length: 7", nil),
            ("transfer-encoding: Chunked", .chunked), ("content-length: 7|transfer-encoding: chunked", .chunked),
            ("transfer-encoding: gzip, chunked", nil), ("transfer-encoding: chunked|transfer-encoding: chunked", nil),
            ("transfer-encoding: identity", nil), ("transfer-encoding:", nil),
            ("HTTP/1.1 204 No|content-length: 7", .length(0)),
            ("HTTP/1.1 304 No|transfer-encoding: chunked", .length(0)),
            ("HTTP/1.1 103 Early|content-length: x||HTTP/1.1 200 OK|content-length: 7", .length(7)),
        ] as [(String, HTTPBodyFraming?)])
    func knowsTheFraming(_ text: String, _ framing: HTTPBodyFraming?) {
        let parser = self.parser(text)
        #expect(parser.isComplete)
        #expect(parser.framing == framing)
    }

    @Test(arguments: [
        ("x: y", true), ("connection: keep-alive", true), ("connection: close", false),
        ("Connection: x , CLOSE", false),
        ("connection: closed", true), ("connection: c lose", true), ("HTTP/1.0 200 OK", false),
        ("HTTP/1.0 200 OK|connection: Keep-Alive", true), ("HTTP/1.0 200 OK|connection: keep-alive, close", false),
        ("content-length: 7|transfer-encoding: chunked", false),
        ("transfer-encoding: chunked|content-length: 7", false),
        ("HTTP/1.0 200 OK|connection: keep-alive|transfer-encoding: chunked", false),
        ("HTTP/1.1 100 Go on|connection: close||HTTP/1.1 200 OK", true),
        ("content-length: 7| , 8: 9", false), ("Transfer-Encoding : chunked", false), ("x\t: y", false), (": y", true),
    ])
    func knowsWhetherTheConnectionMayBeKept(_ text: String, _ keeps: Bool) {
        #expect(self.parser(text).keepsConnection == keeps)
    }

    private func parser(_ text: String) -> HTTPHeadParser {
        var parser = HTTPHeadParser(limit: 1000)
        let lines = text.split(separator: "|", omittingEmptySubsequences: false).map { String($0) }
        let start = text.hasPrefix("HTTP") ? [] : ["HTTP/1.1 200 OK"]
        for line in start + lines + [""] { _ = parser.read(Array((line + "\r\n").utf8).span) }
        return parser
    }

    @Test(arguments: [
        "HTTP/2.0 200 OK", "HTTP/1.x 200 OK", "HTTP/11 200 OK", "HTTP/1.1 2x0 OK", "HTTP/1.1 20", "ICY 200 OK", "",
        "HTTP/1.1 2000 OK",
    ])
    func refusesABadStatusLine(_ line: String) {
        #expect(self.read([line]) == [.violation])
    }

    @Test
    func refusesAnUpgradeAndACompressedBody() {
        #expect(self.read(["HTTP/1.1 101 Switching", ""]).last == .violation)
        #expect(self.read(["HTTP/1.1 200 OK", "content-encoding: gzip"]).last == .violation)
        #expect(self.read(["HTTP/1.1 200 OK", "content-encoding: Identity"]).last == .more)
    }

    @Test
    func boundsTheWholeHeadTrailersIncluded() {
        let line = String(repeating: "a", count: 100)
        let events = self.read(["HTTP/1.1 200 OK", line, "", line, line], limit: 230)
        #expect(events.last == .tooLarge)
        #expect(events[3] == .more)
    }
}
