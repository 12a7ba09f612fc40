import Domain
import IPC
import IPCEpoll
import EventLog
import Metrics
import Platform
import Testing

@testable import Aggregator

@Suite struct AggregatorServiceTests {
    private struct Silence: LogSink {
        func write(_ line: [UInt8]) {}
    }

    private let loop: EpollLoop
    private let service: AggregatorService
    private let scratch = LinkScratch()
    private let page: CountedPage

    init() throws {
        self.loop = try EpollLoop()
        self.page = try CountedPage(instance: 7)
        self.service = AggregatorService(
            loop: self.loop, hello: Hello(role: .aggregator, instance: 2, build: [1]), page: self.page.page,
            log: Log(role: .aggregator, sink: Silence()))
        self.service.adopt(page: try self.page.descriptor(), role: .edge, slot: 0)
    }

    private func peer(_ role: Role, _ instance: UInt32) throws -> LinkedPeer {
        let numbers = try Self.pair()
        self.service.adopt(OwnedDescriptor(adopting: numbers.0), role: role, instance: instance)
        return try LinkedPeer(
            loop: self.loop, descriptor: OwnedDescriptor(adopting: numbers.1), role: role, instance: instance,
            scratch: self.scratch)
    }

    private static func pair() throws -> (Int32, Int32) {
        var pair = try SocketPair(.stream)
        let first = pair.first.number
        let second = pair.second.number
        // Duplicates, because the pair's own members cannot be taken out one by one.
        guard let one = OwnedDescriptor.duplicate(of: first), let two = OwnedDescriptor.duplicate(of: second) else {
            throw SystemError.last("dup")
        }
        pair.first = OwnedDescriptor(adopting: -1)
        pair.second = OwnedDescriptor(adopting: -1)
        return (one.release(), two.release())
    }

    /// Turns the loop until `condition` holds; a second is far more than it ever takes.
    private func run(until condition: () -> Bool) throws {
        let deadline = Clocks.monotonicNanoseconds() + 5_000_000_000
        while !condition(), Clocks.monotonicNanoseconds() < deadline {
            try self.loop.turn(waitingAtMost: 100_000_000)
        }
        #expect(condition())
    }

    private func count(_ count: UInt64, code: String = "invalid_json") {
        self.page.page.counter(MetricCatalogue.errors, "client", code).add(count)
    }

    private func text(_ peer: LinkedPeer, _ stream: UInt64) -> String {
        String(decoding: peer.bodies[stream] ?? [], as: UTF8.self)
    }

    @Test func metricsAreServedOverALink() throws {
        let edge = try self.peer(.edge, 7)
        let upstream = try self.peer(.upstream, 8)
        let other = try CountedPage(instance: 8)
        self.service.adopt(page: try other.descriptor(), role: .upstream, slot: 0)
        self.count(2)
        other.page.counter(MetricCatalogue.errors, "client", "invalid_json").add(3)
        try self.run { edge.isOpen && upstream.isOpen }
        edge.get("/metrics?x=1", stream: 1)
        try self.run { edge.ends[1] != nil }
        #expect(edge.ends[1]?.failure == nil)
        #expect(edge.heads[1]?.status == 200)
        #expect(edge.heads[1]?.contentType == Array("text/plain; version=0.0.4; charset=utf-8".utf8))
        #expect(edge.heads[1]?.contentLength == edge.bodies[1].map { UInt64($0.count) })
        let lines = self.text(edge, 1).split(separator: "\n")
        #expect(lines.contains(#"sluice_errors_total{source="client",code="invalid_json"} 5"#))
        #expect(lines.contains(#"sluice_links{role="aggregator",peer="upstream"} 1"#))
        #expect(lines.contains(#"sluice_build_info{version="\#(SluiceVersion.current)"} 1"#))
    }

    @Test(arguments: [
        ("/metricsx", "GET", UInt16(404), "unknown_url"), ("/", "GET", 404, "unknown_url"),
        ("/metrics", "POST", 405, "method_not_allowed"),
    ])
    func otherRequestsAreRefused(_ path: String, _ method: String, _ status: UInt16, _ code: String) throws {
        let edge = try self.peer(.edge, 7)
        edge.get(path, method: method, stream: 3)
        try self.run { edge.ends[3] != nil }
        #expect(edge.heads[3]?.status == status)
        #expect(edge.heads[3]?.contentType == Array("application/json".utf8))
        #expect(self.text(edge, 3).contains(#""code":"\#(code)""#))
    }

    @Test func aLargeDocumentKeepsToTheReadersCredit() throws {
        let edge = try self.peer(.edge, 7)
        let filler = String(repeating: "x", count: 200)
        for number in 0..<2000 { self.count(1, code: "\(filler)\(number)") }
        edge.returnsCredit = false
        edge.get("/metrics", stream: 1)
        try self.run { edge.bodies[1]?.count == WireLimits.replyWindow }
        #expect(edge.ends[1] == nil)
        edge.returnsCredit = true
        edge.link?.send(urgent: Credit(bytes: UInt32(WireLimits.replyWindow)).frame(stream: 1))
        try self.run { edge.ends[1] != nil }
        #expect(edge.bodies[1].map { UInt64($0.count) } == edge.heads[1]?.contentLength)
        #expect(self.text(edge, 1).split(separator: "\n").filter { $0.contains(filler) }.count == 2000)
    }

    @Test func aCancelledRequestGetsNothingMore() throws {
        let edge = try self.peer(.edge, 7)
        for number in 0..<500 { self.count(1, code: String(repeating: "y", count: 240) + "\(number)") }
        edge.returnsCredit = false
        edge.get("/metrics", stream: 1)
        try self.run { edge.bodies[1]?.count == WireLimits.replyWindow }
        edge.link?.send(urgent: FrameHeader(type: .cancel, stream: 1, length: 0).bytes)
        edge.link?.send(urgent: Credit(bytes: UInt32(WireLimits.replyWindow)).frame(stream: 1))
        edge.get("/", stream: 2)
        try self.run { edge.ends[2] != nil }
        #expect(edge.bodies[1]?.count == WireLimits.replyWindow)
        #expect(edge.ends[1] == nil)
    }

    @Test func whatIsNoPageIsLeftAlone() throws {
        let edge = try self.peer(.edge, 7)
        self.service.adopt(page: try SharedArea.make(name: "small", size: 64), role: .edge, slot: 1)
        self.count(2)
        edge.get("/metrics", stream: 1)
        try self.run { edge.ends[1] != nil }
        #expect(self.text(edge, 1).contains(#"code="invalid_json"} 2"#))
    }

    @Test func aNewerLinkToTheSameProcessTakesItsPlace() throws {
        let older = try self.peer(.edge, 7)
        try self.run { older.isOpen }
        let newer = try self.peer(.edge, 7)
        newer.get("/metrics", stream: 1)
        try self.run { newer.ends[1] != nil && older.hasEnded }
    }

    @Test func aPeerThatBreaksTheProtocolIsCutOffAlone() throws {
        let good = try self.peer(.edge, 7)
        let bad = try self.peer(.edge, 8)
        try self.run { good.isOpen && bad.isOpen }
        bad.link?.send(FrameHeader(type: .request, stream: 1, length: 1).bytes + [9])
        try self.run { bad.hasEnded }
        good.get("/metrics", stream: 1)
        try self.run { good.ends[1] != nil }
        #expect(!good.hasEnded)
    }

    @Test func anUpstreamMayNotAsk() throws {
        let upstream = try self.peer(.upstream, 8)
        try self.run { upstream.isOpen }
        upstream.get("/metrics", stream: 1)
        try self.run { upstream.hasEnded }
    }

    @Test func aLinkFromAnotherRoleIsRefused() throws {
        let control = try self.peer(.control, 3)
        try self.run { control.hasEnded }
        #expect(!control.isOpen)
    }

    @Test func drainingLastsUntilTheLinksEnd() throws {
        let edge = try self.peer(.edge, 7)
        try self.run { edge.isOpen }
        var drained = 0
        self.service.drain(timeout: 60_000) { drained += 1 }
        self.count(1)
        edge.get("/metrics", stream: 1)
        try self.run { edge.ends[1] != nil }
        #expect(drained == 0)
        #expect(self.text(edge, 1).contains(#"code="invalid_json"} 1"#))
        edge.link?.close()
        try self.run { drained > 0 }
        #expect(drained == 1)
    }

    @Test func drainingEndsAtItsTimeoutOnce() throws {
        let edge = try self.peer(.edge, 7)
        try self.run { edge.isOpen }
        var drained = 0
        self.service.drain(timeout: 60_000) { drained += 1 }
        self.service.drain(timeout: 0) { drained += 1 }
        try self.run { drained > 0 }
        edge.link?.close()
        try self.loop.turn(waitingAtMost: 0)
        #expect(drained == 1)
    }

    @Test func drainingWithoutLinksIsImmediate() {
        var drained = false
        self.service.drain(timeout: 60_000) { drained = true }
        #expect(drained)
    }
}

extension FrameHeader {
    /// The 16 bytes.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        self.append(to: &bytes)
        return bytes
    }
}
