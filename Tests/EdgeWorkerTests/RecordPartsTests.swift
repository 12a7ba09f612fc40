import Domain
import IPC
import Journal
import NIOCore
import Testing

@testable import EdgeWorker

/// The pure parts of a record, and the journal's and the quarantine's refusals.
@Suite struct RecordPartsTests {
    // MARK: Fingerprint

    private func fingerprint(_ body: [UInt8], project: EntityID = .standard) -> UInt64 {
        unsafe body.withUnsafeBytes { unsafe RequestFingerprint.make(project: project, $0) }
    }

    @Test func fingerprintsTellBodiesApart() {
        var seen: Set<UInt64> = [self.fingerprint([])]
        for length in [1, 7, 8, 9, 31, 32, 33, 255, 256, 257, 300, 511, 512, 513, 5000] {
            let body = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            seen.insert(self.fingerprint(body))
            #expect(self.fingerprint(body) == self.fingerprint(body))
            for index in Set([0, length / 3, length - 1]) where index < 256 || index >= length - 256 {
                var changed = body
                changed[index] ^= 1
                #expect(self.fingerprint(changed) != self.fingerprint(body), "\(index) of \(length)")
            }
            #expect(self.fingerprint(body, project: .anonymous) != self.fingerprint(body))
        }
        #expect(seen.count == 16 && !seen.contains(0))
        // The middle of a long body does not count.
        var long = [UInt8](repeating: 1, count: 5000)
        let before = self.fingerprint(long)
        long[2500] = 9
        #expect(self.fingerprint(long) == before)
    }

    @Test func fingerprintsDoNotDependOnTheProcess() {
        #expect(self.fingerprint(Array("abc".utf8)) == 0xE97D7EF99CC7DC2B)
    }

    // MARK: Trace

    private static let trace = "0af7651916cd43dd8448eb211c80319c"

    @Test func traceParents() {
        let expected: [UInt8] = [
            0x0A, 0xF7, 0x65, 0x19, 0x16, 0xCD, 0x43, 0xDD, 0x84, 0x48, 0xEB, 0x21, 0x1C, 0x80, 0x31, 0x9C,
        ]
        let trace = Self.trace
        for good in [
            "00-\(trace)-b7ad6b7169203331-01", "00-\(trace)-b7ad6b7169203331-ff", "cc-\(trace)-b7ad6b7169203331-01",
            "cc-\(trace)-b7ad6b7169203331-01-what-else",
        ] { #expect(TraceParent.traceID(good) == expected, "\(good)") }
        for bad in [
            "", "00", "00-\(trace)-b7ad6b7169203331", "00-\(trace)-b7ad6b7169203331-0",
            "00-\(trace)-b7ad6b7169203331-01-x", "00-\(trace)-b7ad6b7169203331-01 ",
            "ff-\(trace)-b7ad6b7169203331-01", "0g-\(trace)-b7ad6b7169203331-01",
            "00-\(trace.uppercased())-b7ad6b7169203331-01", "00-\(trace)-B7ad6b7169203331-01",
            "00-\(String(repeating: "0", count: 32))-b7ad6b7169203331-01",
            "00-\(trace)-0000000000000000-01", "00_\(trace)-b7ad6b7169203331-01", "00-\(trace)_b7ad6b7169203331-01",
            "00-\(trace)-b7ad6b7169203331-0x", "cc-\(trace)-b7ad6b7169203331-01x",
        ] { #expect(TraceParent.traceID(bad) == nil, "\(bad)") }
    }

    private func begin(_ headers: [String]) throws -> (begin: BeginRecord?, reply: String) {
        let rig = try EdgeRig()
        let client = try rig.client()
        try client.send(FakeClient.post("{", headers: headers))
        return (rig.journal.begins.first, try client.received())
    }

    @Test func labelsOfTheRecord() throws {
        let two = "traceparent: 00-\(Self.trace)-b7ad6b7169203331-01"
        #expect(try self.begin([two]).begin?.traceID.count == 16)
        #expect(try self.begin([two, two]).begin?.traceID == [])
        #expect(try self.begin(["traceparent: 00-x"]).begin?.traceID == [])
        #expect(try self.begin([]).begin?.label == [])
        #expect(try self.begin(["x-sluice-tags: a b=c"]).begin?.tags == Array("a b=c".utf8))
        #expect(try self.begin(["x-sluice-tags: a", "X-Sluice-Tags: b"]).begin?.tags == Array("a,b".utf8))
        #expect(try self.begin(["x-sluice-tags:"]).begin?.tags == [])
        let longest = String(repeating: "t", count: 1024)
        #expect(try self.begin(["x-sluice-tags: \(longest)"]).begin?.tags.count == 1024)
        for bad in ["x-sluice-tags: \(longest)t", "x-sluice-tags: caf\u{E9}", "x-sluice-tags: a\tb"] {
            let (begin, reply) = try self.begin([bad])
            #expect(begin == nil && reply.hasPrefix("HTTP/1.1 400 ") && reply.contains(#""code":"invalid_tags""#))
        }
    }

    // MARK: Sums

    private func attempt(
        _ billed: Billed, _ usage: Int64?, _ cost: Int64?, _ source: UsageSource = .provider
    ) -> AttemptReport {
        AttemptReport(
            call: 0, status: 200, billed: billed, usageSource: usage == nil ? .none : source,
            usage: usage.map { TokenUsage(input: $0) }, cost: cost, firstContent: 0, total: 0)
    }

    @Test func theSumOfAttempts() {
        func sum(_ attempts: [AttemptReport]) -> Settlement { Settlement(StreamEnd(attempts: attempts)) }
        let two = sum([self.attempt(.yes, 3, 10), self.attempt(.yes, 4, 20, .estimated)])
        #expect(two.usage == TokenUsage(input: 7) && two.cost == 30 && two.source == .estimated && two.attempts == 2)
        // An unknown price is not a price of zero.
        #expect(sum([self.attempt(.yes, 3, 10), self.attempt(.yes, 4, nil)]).cost == nil)
        #expect(sum([self.attempt(.yes, 4, nil), self.attempt(.yes, 3, 10)]).cost == nil)
        #expect(sum([self.attempt(.unknown, 4, nil)]).cost == nil)
        // What nobody bills costs nothing, and what came without tokens is not known to have cost anything.
        #expect(sum([self.attempt(.no, nil, nil), self.attempt(.yes, 3, 10)]).cost == 10)
        #expect(sum([self.attempt(.unknown, nil, nil)]).cost == 0)
        #expect(sum([self.attempt(.yes, 1, .max), self.attempt(.yes, 1, 5)]).cost == .max)
        let none = Settlement(StreamEnd())
        #expect(none.usage == nil && none.source == .none && none.cost == 0 && none.attempts == 0)
        let plain = Settlement(StreamEnd(usage: TokenUsage(output: 2)))
        #expect(plain.usage == TokenUsage(output: 2) && plain.source == .provider && plain.cost == nil)
    }

    // MARK: A full journal

    @Test func aFullStrictJournalRefuses() throws {
        let rig = try EdgeRig()
        rig.journal.admission = .refused
        let peer = try rig.upstream()
        let client = try rig.client()
        // Not even the body is looked at.
        try client.send(FakeClient.post("{"))
        let text = try client.received()
        #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains(#""code":"journal_full""#))
        #expect(text.contains("\r\nretry-after: 1\r\n") && client.isOpen)
        #expect(try peer.frames().isEmpty && rig.journal.settles.isEmpty && rig.core.budget.used == 0)
        rig.journal.admission = .recorded
        try client.send(FakeClient.post(FakeClient.chat))
        #expect(try peer.request() != nil)
    }

    @Test func aFullOpenJournalServes() throws {
        let rig = try EdgeRig()
        rig.journal.admission = .unrecorded
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.chat))
        try peer.answer(try #require(try peer.request()).stream, "{}")
        #expect(try client.status() == 200)
        guard case .settle(let record, .unrecorded)? = rig.journal.events.last else {
            Issue.record("the end was not told what became of the beginning")
            return
        }
        #expect(record.outcome == .complete)
    }

    // MARK: Quarantine

    @Test func quarantine() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post("{"))
        _ = try client.received()
        let fingerprint = try #require(rig.journal.begins.first?.fingerprint)
        rig.journal.clear()
        rig.core.quarantine(fingerprint: fingerprint, milliseconds: 90_500)
        try client.send(FakeClient.post("{"))
        let text = try client.received()
        #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains(#""code":"request_quarantined""#))
        #expect(text.contains("\r\nretry-after: 90\r\n"))
        #expect(rig.journal.only?.error == Array("request_quarantined".utf8))
        // Others are served.
        try client.send(FakeClient.post(FakeClient.chat))
        try peer.answer(try #require(try peer.request()).stream, "{}")
        #expect(try client.status() == 200)
        rig.advance(.seconds(91))
        let later = try rig.client()
        try later.send(FakeClient.post("{"))
        #expect(try later.status() == 400)
        #expect(rig.core.quarantined.isEmpty)

        rig.core.quarantine(fingerprint: 1, milliseconds: 10)
        rig.advance(.seconds(1))
        rig.core.quarantine(fingerprint: fingerprint, milliseconds: .max)
        #expect(Array(rig.core.quarantined.keys) == [fingerprint])
        try later.send(FakeClient.post("{"))
        #expect(try later.status() == 503)
        rig.core.take(Quarantine(fingerprint: fingerprint, milliseconds: 0))
        try later.send(FakeClient.post("{"))
        #expect(try later.status() == 400)
    }
}
