import Domain
import IPC
import Limits
import NIOCore
import Testing

@testable import EdgeWorker

@Suite struct SmallPartsTests {
    @Test func dates() {
        func text(_ seconds: UInt64) -> String { String(decoding: HTTPDate.bytes(seconds: seconds), as: UTF8.self) }
        #expect(text(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(text(951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
        #expect(text(951_868_799) == "Tue, 29 Feb 2000 23:59:59 GMT")
        #expect(text(1_798_761_599) == "Thu, 31 Dec 2026 23:59:59 GMT")
        #expect(text(4_107_542_400) == "Mon, 01 Mar 2100 00:00:00 GMT")
    }

    @Test func numbersInReplies() {
        for (value, decimal, hex) in [
            (0, "0", "0"), (9, "9", "9"), (10, "10", "a"), (255, "255", "ff"), (256, "256", "100"),
            (65_536, "65536", "10000"), (1_048_575, "1048575", "fffff"),
        ] {
            var buffer = ByteBuffer()
            buffer.writeDecimal(UInt64(value))
            #expect(String(buffer: buffer) == decimal)
            buffer.clear()
            buffer.writeChunkHeader(value)
            #expect(String(buffer: buffer) == hex + "\r\n")
        }
        var buffer = ByteBuffer()
        buffer.writeDecimal(.max)
        #expect(String(buffer: buffer) == "18446744073709551615")
        buffer.clear()
        buffer.writeChunkHeader(.max)
        #expect(String(buffer: buffer) == "7fffffffffffffff\r\n")
    }

    @Test func unknownStatusesKeepTheirCode() {
        var buffer = ByteBuffer()
        ReplyHead(status: 529, length: .absent, connection: .implied, record: RecordID(high: 1, low: 2))
            .write(to: &buffer, date: [])
        #expect(String(buffer: buffer).hasPrefix("HTTP/1.1 529 Status\r\n"))
    }

    /// The memory a head is put together in is as large as what it can say.
    @Test func theLongestHeadIsWhole() {
        var head = ReplyHead(
            status: 431, length: .known(.max), connection: .keepAlive, record: RecordID(high: 1, low: 2))
        head.contentType = .text
        head.requestID = String(repeating: "i", count: 128)
        head.retryAfter = Array(String(repeating: "9", count: 20).utf8)
        head.providerRequestID = Array(String(repeating: "p", count: 256).utf8)
        head.isStream = true
        head.allow = "GET, HEAD, POST, OPTIONS"
        head.asksForKey = true
        head.forbidsRetry = true
        head.limits = ReplyLimits(
            standing: LimitStanding(
                requests: .init(limit: .max, remaining: .max, reset: .max),
                tokens: .init(limit: .max, remaining: .max, reset: .max),
                budget: .init(scope: .organization, kind: .requestsPerMinute, limit: 1, used: .max)),
            softPercent: 1, maximumOutput: .max)
        head.origin = ReplyOrigin(
            start: ReplyOrigin.start([UInt8](repeating: 0x25, count: 64)), model: [UInt8](repeating: 0xFF, count: 1024),
            tier: .fast,
            attempts: .max, latency: .max, cost: .max, isShared: true)
        for (cors, preflight) in [
            (nil, nil), (CORSPolicy.Grant(origin: String(repeating: "o", count: 1024), varies: true), nil),
            (
                CORSPolicy.Grant(origin: "*", varies: true),
                ReplyHead.Preflight(headers: String(repeating: "h", count: 1024))
            ),
        ] as [(CORSPolicy.Grant?, ReplyHead.Preflight?)] {
            head.cors = cors
            head.preflight = preflight
            var buffer = ByteBuffer()
            head.write(to: &buffer, date: Array("Sun, 06 Nov 1994 08:49:37 GMT".utf8))
            let text = String(buffer: buffer)
            #expect(text.hasSuffix("\r\nconnection: keep-alive\r\n\r\n"))
            let lines = cors == nil ? 28 : preflight == nil ? 31 : 33
            #expect(text.utf8.count { $0 == 0x0A } == lines + 2, "\(text)")
        }
        // What has room only where it is said.
        (head.cors, head.preflight, head.isStream, head.allow, head.asksForKey) = (nil, nil, false, nil, false)
        head.contentType = .provider(Array(String(repeating: "t", count: 1024).utf8))
        for attempts: UInt8 in [1, 2] {
            head.origin?.attempts = attempts
            var buffer = ByteBuffer()
            head.write(to: &buffer, date: Array("Sun, 06 Nov 1994 08:49:37 GMT".utf8))
            let text = String(buffer: buffer)
            #expect(text.hasSuffix("\r\nconnection: keep-alive\r\n\r\n"))
            #expect(text.utf8.count { $0 == 0x0A } == 24 + 2, "\(text)")
        }
    }

    /// The stack has room for a kilobyte; memory of its own for each head would cost more than all that is written.
    @Test func aUsualHeadIsPutTogetherOnTheStack() {
        var head = ReplyHead(status: 200, length: .known(812), connection: .implied, record: RecordID(high: 1, low: 2))
        head.contentType = .provider(Array("application/json; charset=utf-8".utf8))
        head.providerRequestID = Array("req_011CSHoEeqs5C35K2UUqR7Fy".utf8)
        head.isAnthropic = true
        head.limits = ReplyLimits(
            standing: LimitStanding(requests: .init(limit: 60, remaining: 59, reset: 1000), tokens: nil, budget: nil))
        head.origin = ReplyOrigin(
            start: ReplyOrigin.start(Array("anthropic".utf8)), model: Array("claude-sonnet-4-5-20250929".utf8),
            tier: nil, attempts: 1, latency: 812_402, cost: 1_234_500)
        #expect(head.longest <= 1024, "\(head.longest)")
    }

    @Test func acceptGate() {
        var gate = AcceptGate(descriptorLimit: 1000)
        // Before any mean is known a burst pauses nobody.
        #expect(gate.isOpen(active: 500, connections: 500))
        gate.received(mean: 0, active: 100)
        gate.received(mean: 50, active: 120)
        // The mean was 50 when this edge had 100.
        #expect(!gate.isOpen(active: 100, connections: 0))
        #expect(gate.isOpen(active: 8, connections: 0))
        // The only edge is always its own mean.
        var only = AcceptGate(descriptorLimit: 1000)
        only.received(mean: 0, active: 10)
        only.received(mean: 10, active: 400)
        #expect(only.isOpen(active: 400, connections: 0))
        #expect(only.isOpen(active: 900, connections: 0))
        #expect(!only.isOpen(active: 0, connections: 1000 - AcceptGate.reserve))
    }

    @Test func acceptGateWithoutDescriptors() {
        var gate = AcceptGate(descriptorLimit: 1000)
        gate.exhausted(descriptorLimit: 256)
        #expect(!gate.isOpen(active: 0, connections: 0))
        gate.recovered()
        // The limit was lowered under it: what it holds beyond that keeps it closed.
        #expect(!gate.isOpen(active: 0, connections: 250))
        #expect(gate.isOpen(active: 0, connections: 256 - AcceptGate.reserve - 1))
    }

    @Test func bodyBudgetWakesWhoWaits() {
        let budget = BodyBudget(limit: 10)
        let (a, b) = (LineSink(), LineSink())
        var woken: [String] = []
        budget.charge(25)
        budget.wait(a) { woken.append("a") }
        budget.wait(b) { woken.append("b") }
        budget.release(10)
        #expect(woken.isEmpty && budget.isExceeded)
        budget.forget(b)
        budget.release(10)
        #expect(woken == ["a"] && budget.used == 5)
        budget.release(100)
        #expect(woken == ["a"] && budget.used == 0)
    }

    @Test func framingNeverLies() {
        var known = ReplyFraming(length: .known(3), isHeadOnly: false)
        var out = ByteBuffer()
        #expect(known.piece(2) == .plain)
        #expect(!known.end(&out))
        #expect(known.piece(2) == .tooMuch)
        #expect(known.piece(1) == .plain)
        #expect(known.end(&out) && out.readableBytes == 0)
        var head = ReplyFraming(length: .known(3), isHeadOnly: true)
        #expect(head.piece(3) == .nothing && head.end(&out))
        var chunked = ReplyFraming(length: .chunked, isHeadOnly: false)
        #expect(chunked.piece(0) == .nothing && chunked.piece(1) == .chunk)
        #expect(chunked.end(&out) && String(buffer: out) == "0\r\n\r\n")
    }
}
