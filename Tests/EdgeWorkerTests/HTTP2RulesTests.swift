import Domain
import IPC
import NIOCore
import NIOHPACK
import NIOHTTP2
import Testing

@testable import EdgeWorker

/// What clients must not do over HTTP/2, and what they cannot bring about by it.
@Suite struct HTTP2RulesTests {
    // MARK: Heads

    @Test func tooManyFieldsGetAReply() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        // `host` and `authorization` are two of the 100.
        func status(_ more: Int) throws -> String? {
            let fields = HTTP2Client.fields("GET", "/v1/models", more: (0..<more).map { ("x-\($0)", "1") })
            return try client.reply(try client.begin(fields, ends: true)).status
        }
        #expect(try status(98) == "200")
        #expect(try status(99) == "431")
        #expect(client.isOpen)
    }

    /// A small block that stands for a large one: the same field again and again from the table.
    @Test func aHeaderBombEndsTheConnection() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        let large = String(repeating: "y", count: 3000)
        let fields = HTTP2Client.fields("GET", "/v1/models", more: (0..<2000).map { _ in ("x-bomb", large) })
        _ = try? client.begin(fields, ends: true)
        #expect(try client.goAways().contains { $0.code != .noError })
        #expect(!client.isOpen)
    }

    @Test(arguments: [
        [("connection", "close")], [("transfer-encoding", "chunked")], [("upgrade", "h2c")], [("te", "gzip")],
        [("keep-alive", "1")], [("X-Upper", "1")], [("x-a", "1\r\nx-b: 2")], [("x-a", "a\u{0}b")], [(":status", "200")],
        [(":method", "GET")], [(":unknown", "1")], [("bad name", "1")],
    ]) func malformedFieldsEndTheirStreamOnly(more: [(String, String)]) throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        let stream = try client.begin(HTTP2Client.fields("GET", "/v1/models", more: more), ends: true)
        let reply = try client.reply(stream)
        #expect(reply.heads.isEmpty && reply.reset == .protocolError)
        #expect(client.isOpen)
        #expect(try client.reply(try client.get("/v1/models")).status == "200")
    }

    @Test func pseudoHeadersMustBeThere() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        let whole = HTTP2Client.fields("GET", "/health")
        for missing in [":method", ":path", ":scheme"] {
            let stream = try client.begin(whole.filter { $0.0 != missing }, ends: true)
            #expect(try client.reply(stream).reset == .protocolError)
        }
        // A host by either name, as on HTTP/1.
        #expect(try client.reply(try client.begin(whole.filter { $0.0 != ":authority" }, ends: true)).status == "400")
        let host = whole.filter { $0.0 != ":authority" } + [("host", "a")]
        #expect(try client.reply(try client.begin(host, ends: true)).status == "200")
        #expect(try client.reply(try client.begin(whole + [("host", "a")], ends: true)).status == "200")
        #expect(try client.reply(try client.begin(whole + [("host", "b")], ends: true)).status == "400")
    }

    @Test func pathsAreThoseOfHTTP1() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        func status(_ method: String, _ path: String) throws -> String? {
            try client.reply(try client.begin(HTTP2Client.fields(method, path), ends: true)).status
        }
        #expect(try status("GET", "/v1/models?x=1") == "200")
        #expect(try status("GET", "/v1/models/smart") == "200")
        #expect(try status("GET", "/nowhere") == "404")
        #expect(try status("OPTIONS", "*") == "404")
        #expect(try status("DELETE", "/v1/models") == "405")
        #expect(try status("GET", "/" + String(repeating: "a", count: 9000)) == "414")
    }

    @Test func bodiesHaveTheirBounds() throws {
        let rig = try EdgeRig { $0.http.maxBody = 1000 }
        let client = try HTTP2Client(rig)
        let said = try client.begin(HTTP2Client.fields(more: [("content-length", "1001")]))
        #expect(try client.reply(said).status == "413")
        let unsaid = try client.begin(HTTP2Client.fields())
        try client.body(String(repeating: " ", count: 1001), stream: unsaid, ends: false)
        #expect(try client.reply(unsaid).status == "413")
        let short = try client.begin(HTTP2Client.fields(more: [("content-length", "10")]))
        try client.body("{}", stream: short)
        #expect(try client.reply(short).reset == .protocolError)
        #expect(client.isOpen && rig.core.budget.used == 0)
    }

    // MARK: Floods

    @Test func rapidResetEndsTheConnection() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        for _ in 0..<300 where client.isOpen {
            let stream = try client.post(FakeClient.chat)
            try client.send(.rstStream(.cancel), stream: stream)
            try peer.answerCancels()
        }
        #expect(try client.goAways().contains { $0.code == .enhanceYourCalm })
        #expect(!client.isOpen && rig.core.openConnections == 0)
        #expect(rig.core.metrics.inFlight == 0)
    }

    @Test func endlessHeadersEndTheConnection() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        // HEADERS without END_HEADERS, then CONTINUATION after CONTINUATION.
        try client.send(raw: Self.frame(type: 1, flags: 0, stream: 1, [0x82]))
        for _ in 0..<100 where client.isOpen { try client.send(raw: Self.frame(type: 9, flags: 0, stream: 1, [])) }
        #expect(!client.isOpen && rig.core.openConnections == 0)
    }

    @Test(arguments: [UInt8(6), 4, 2]) func controlFramesWithoutEndEndTheConnection(type: UInt8) throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        let payload: [UInt8] = type == 6 ? Array(repeating: 1, count: 8) : type == 2 ? [0, 0, 0, 0, 16] : []
        for _ in 0..<1000 where client.isOpen {
            try client.send(raw: Self.frame(type: type, flags: 0, stream: type == 2 ? 1 : 0, payload))
        }
        #expect(!client.isOpen && rig.core.openConnections == 0)
    }

    @Test func emptyDataFramesEndTheConnection() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        let stream = try client.begin(HTTP2Client.fields())
        for _ in 0..<100 where client.isOpen { try client.body("", stream: stream, ends: false) }
        #expect(!client.isOpen && rig.core.budget.used == 0)
    }

    /// No client does this: all keep to what the settings say.
    @Test func moreStreamsThanAllowedEndTheConnection() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        for _ in 0..<100 { try client.post(FakeClient.stream) }
        #expect(try peer.frames().filter { $0.type == .request }.count == 100)
        // The 101st is sent by force: NIO's own client would wait.
        try client.send(raw: Self.frame(type: 1, flags: 5, stream: 201, [0x82, 0x87, 0x84, 0x01, 1, 0x61]))
        #expect(try client.goAways().contains { $0.code != .noError })
        #expect(!client.isOpen && rig.core.metrics.inFlight == 0)
        #expect(try peer.answerCancels() == 100)
    }

    @Test func aClientThatDoesNotSpeakHTTP2IsClosed() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        try client.send(raw: Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        #expect(!client.isOpen && rig.core.openConnections == 0)
    }

    // MARK: Time

    @Test func aBlockThatDoesNotEndIsTooLate() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        try client.post(FakeClient.stream)
        try client.send(raw: Self.frame(type: 1, flags: 0, stream: 3, [0x82]))
        rig.advance(.seconds(9))
        #expect(client.isOpen)
        rig.advance(.seconds(2))
        #expect(!client.isOpen)
        #expect(try peer.answerCancels() == 1)
    }

    @Test func anIdleConnectionIsSentAway() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        #expect(try client.reply(try client.get("/health")).status == "200")
        rig.advance(.seconds(74))
        #expect(try client.goAways().isEmpty && client.isOpen)
        rig.advance(.seconds(2))
        #expect(try client.goAways().map(\.code) == [.noError, .noError])
        #expect(!client.isOpen && rig.core.openConnections == 0)
    }

    @Test func aConnectionWithoutARequestIsClosedSooner() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        client.isCut = true
        rig.advance(.seconds(13))
        #expect(!client.isOpen)
    }

    // MARK: Bytes

    @Test func nothingAClientSendsTraps() throws {
        let rig = try EdgeRig()
        var state: UInt64 = 88_172_645_463_325_252
        func random() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        for _ in 0..<300 {
            let client = try HTTP2Client(rig)
            for _ in 0..<20 where client.isOpen {
                let payload = (0..<random() % 40).map { _ in UInt8(truncatingIfNeeded: random()) }
                try client.send(
                    raw: Self.frame(
                        type: UInt8(random() % 11), flags: UInt8(truncatingIfNeeded: random()),
                        stream: UInt32(random() % 8), payload))
            }
        }
    }

    private static func frame(type: UInt8, flags: UInt8, stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        let count = payload.count
        return [UInt8(count >> 16), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF), type, flags]
            + (0..<4).map { UInt8(truncatingIfNeeded: stream >> UInt32(24 - 8 * $0)) } + payload
    }
}
