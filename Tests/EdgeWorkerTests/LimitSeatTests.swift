import Domain
import Glibc
import Limits
import EventLog
import Testing

@testable import EdgeWorker

/// An edge's place at a limit table that is a file.
@Suite struct LimitSeatTests {
    /// A folder that goes with the test.
    private final class Folder {
        let path: String

        init() throws {
            var template = Array("/tmp/sluice-seat-XXXXXX\0".utf8CString)
            let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
                unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) }
            }
            self.path = try #require(made)
            unsafe mkdir("\(self.path)/limits", 0o700)
        }

        deinit {
            for name in ["limits.table", "limits.table.new"] { unsafe unlink("\(self.path)/limits/\(name)") }
            unsafe rmdir("\(self.path)/limits")
            unsafe rmdir(self.path)
        }

        func makeTable(places: Int = 2, slots: Int = 1024) throws {
            let table = try LimitTable.create(
                "\(self.path)/limits/limits.table",
                shape: LimitTableShape(slots: slots, places: places, holdsPerPlace: 64),
                boot: try BootID.current())
            try table.publish()
        }
    }

    private let sink = LineSink()

    private func seat(_ folder: Folder, _ instance: UInt32 = 7) -> LimitSeat {
        let log = Log(role: .edge, instance: instance, level: .warning, sink: self.sink)
        return LimitSeat(path: LimitTable.path(stateDirectory: folder.path), instance: instance) {
            log.warning("limit table not usable", ["error": .string($0)])
        }
    }

    @Test func itWaitsForTheTable() throws {
        let folder = try Folder()
        let seat = self.seat(folder)
        #expect(!seat.take() && seat.owner == nil && self.sink.lines.isEmpty)
        try folder.makeTable()
        #expect(seat.take() && seat.owner?.instance == 7)
        #expect(!seat.take())
        seat.leave()
        #expect(seat.owner == nil)
    }

    @Test func itWaitsForAPlace() throws {
        let folder = try Folder()
        try folder.makeTable(places: 1)
        let (first, second) = (self.seat(folder, 7), self.seat(folder, 8))
        #expect(first.take())
        #expect(!second.take() && !second.take() && second.owner == nil)
        #expect(self.sink.lines.count == 1 && self.sink.lines[0].contains("no place is free"))
        first.leave()
        #expect(second.take() && second.owner?.instance == 8)
    }

    @Test func whatIsNoTableIsNotUsed() throws {
        let folder = try Folder()
        let text = [UInt8](repeating: 0x78, count: 9000)
        let file = unsafe open("\(folder.path)/limits/limits.table", O_WRONLY | O_CREAT, 0o600)
        #expect(unsafe write(file, text, text.count) == text.count)
        close(file)
        let seat = self.seat(folder)
        #expect(!seat.take() && !seat.take() && self.sink.lines.count == 1)
        try folder.makeTable()
        #expect(seat.take())
    }

    @Test func itGoesToTheTableThatHasTheName() throws {
        let folder = try Folder()
        try folder.makeTable()
        let seat = self.seat(folder)
        #expect(seat.take())
        let old = try #require(seat.owner)
        let entry = LimitDemand.Entry(
            key: LimitKey(.key, .standard), scope: .key, limits: LimitSet([.concurrency: 1]),
            periods: CalendarPeriods(day: 1, week: 1, month: 1))
        let time = LimitTime(window: old.windowTime(), wall: 0)
        let verdict = old.admit(LimitDemand(entries: [entry]), record: RecordID(high: 1, low: 1), at: time)
        guard case .admitted(let hold, _) = verdict else {
            Issue.record("refused: \(verdict)")
            return
        }
        try folder.makeTable(slots: 4096)
        #expect(seat.take())
        #expect(seat.owner !== old && seat.owner?.instance == 7 && !seat.take())
        // What runs is settled where it is held; only then is the old place given back.
        #expect(old.openHolds == 1)
        old.settle(hold, [entry], tokens: 0, cost: 0, softPercent: 80, at: time)
        #expect(!seat.take() && old.instance == 0 && old.openHolds == 0)
    }

    /// The whole way with a real table: the budget that warns, the counts, and nothing held at the end.
    @Test func anEdgeAtARealTable() throws {
        let folder = try Folder()
        try folder.makeTable()
        let seat = self.seat(folder)
        #expect(seat.take())
        let rig = try EdgeRig { $0.limits.perKey = LimitSet([.requestsPerMinute: 2]) }
        rig.core.desk.ledger = seat.owner
        rig.keys.set(.project, [.monthlyTokens: 10_000, .totalTokens: 100])
        let peer = try rig.upstream()
        func next() throws -> String {
            let client = try rig.client()
            try client.send(FakeClient.post(#"{"model":"smart","messages":[],"max_tokens":5}"#))
            if let request = try peer.request() { try peer.answer(request.stream, "{}") }
            return try client.received()
        }
        let first = try next()
        #expect(first.hasPrefix("HTTP/1.1 200") && first.contains("\r\nx-ratelimit-remaining-requests: 1\r\n"))
        rig.keys.set(.project, [.monthlyTokens: 10_000, .totalTokens: 0])
        let second = try next()
        #expect(second.hasPrefix("HTTP/1.1 429") && second.contains("project tokens_total 100%"))
        #expect(second.contains("\r\nx-ratelimit-remaining-requests: 1\r\n"))
        rig.keys.set(.project, [:])
        #expect(try next().hasPrefix("HTTP/1.1 200"))
        let fourth = try next()
        #expect(
            fourth.hasPrefix("HTTP/1.1 429") && fourth.contains(#""name":"requests_per_minute","limit":2,"used":2"#))
        #expect(seat.owner?.openHolds == 0)
    }
}
