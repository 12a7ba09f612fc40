import Database
import Domain
import IPC
import Journal
import EventLog
import Platform
import Testing

@testable import Aggregator
@testable import UsageStore

@Suite struct JournalIngestTests {
    private let scene: JournalScene
    private let loop: EpollLoop

    init() throws {
        self.scene = try JournalScene()
        self.loop = try EpollLoop()
    }

    private func ingest(prices: [Price] = []) throws -> JournalIngest {
        try JournalIngest(
            loop: self.loop, stateDirectory: self.scene.state.path,
            database: .file(stateDirectory: self.scene.state.path), prices: prices, log: JournalScene.log)
    }

    /// Turns the loop until `condition` holds.
    private func run(until condition: () throws -> Bool) throws {
        let deadline = Clocks.monotonicNanoseconds() + 60_000_000_000
        while try !condition(), Clocks.monotonicNanoseconds() < deadline {
            try self.loop.turn(waitingAtMost: 50_000_000)
        }
        #expect(try condition())
    }

    @Test func recordsComeWhileItRuns() throws {
        let price = Price(Price.Rates(input: 1, output: 2))
        let ingest = try self.ingest(prices: [price])
        ingest.start()
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        // Four records each: one transaction and a part of another.
        let requests = JournalTail.batch / 4 + 100
        for _ in 0..<requests { self.scene.request(edge, upstream) }
        try self.run { ingest.counts.records == UInt64(4 * requests) }
        // Bounded transactions.
        #expect(ingest.counts.batches >= 2)
        #expect(ingest.counts.databaseBytes > 0)
        #expect(ingest.counts.journalBytes > 0)
        ingest.update(prices: [price, .free], limitTable: LimitTableSettings(), upstreams: 1)
        try self.run { try self.scene.count("SELECT count(*) FROM prices") == 2 }
    }

    @Test func theEndReadsEverything() throws {
        let ingest = try self.ingest()
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        for _ in 0..<4000 { self.scene.request(edge, upstream) }
        _ = edge.begin(self.scene.begin(self.scene.mint()))
        edge.close()
        upstream.close()
        var done = false
        ingest.finish { done = true }
        try self.run { done }
        #expect(ingest.counts.records == 16_001)
        #expect(ingest.counts.recovered == 1)
        #expect(try self.scene.files() == [])
        #expect(try self.scene.count("SELECT count(*) FROM requests WHERE rank > 0") == 4001)
    }

    @Test func theEndDoesNotWaitLongForOneWhoLives() throws {
        let ingest = try self.ingest()
        let edge = try self.scene.journal(.edge, 7)
        _ = edge.begin(self.scene.begin(self.scene.mint()))
        let began = Clocks.monotonicNanoseconds()
        var done = 0
        ingest.finish { done += 1 }
        try self.run { done > 0 }
        #expect(Clocks.monotonicNanoseconds() - began < 5_000_000_000)
        #expect(ingest.counts.records == 1)
        #expect(try self.scene.count("SELECT count(*) FROM requests WHERE rank = 0") == 1)
        try self.loop.turn(waitingAtMost: 50_000_000)
        #expect(done == 1)
    }

    @Test func suspectsAreToldWhenTheJournalOfTheDeadIsRead() throws {
        let ingest = try self.ingest()
        ingest.start()
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        let record = self.scene.mint()
        let admission = edge.begin(self.scene.begin(record))
        _ = upstream.attempt(self.scene.attempt(record))
        var answers: [String: [UInt64]] = [:]
        ingest.suspects(host: JournalScene.host, instance: 9, role: .upstream) { answers["upstream"] = $0 }
        try self.run { ingest.counts.records == 2 }
        // It lives still.
        #expect(answers.isEmpty)
        upstream.close()
        try self.run { answers["upstream"] != nil }
        #expect(answers["upstream"] == [self.scene.begin(record).fingerprint])
        edge.settle(self.scene.settle(record), admission)
        edge.close()
        ingest.suspects(host: JournalScene.host, instance: 7, role: .edge) { answers["edge"] = $0 }
        ingest.suspects(host: JournalScene.host, instance: 99, role: .edge) { answers["unknown"] = $0 }
        try self.run { answers.count == 3 }
        #expect(answers["edge"] == [])
        #expect(answers["unknown"] == [])
    }

    @Test func aDamagedDatabaseIsNamed() throws {
        let bytes = Array("SQLite format 4\0".utf8) + [UInt8](repeating: 9, count: 5000)
        try self.scene.state.write("usage/usage.db", bytes)
        #expect {
            _ = try self.ingest()
        } throws: { error in
            guard let failure = error as? StartFailure else { return false }
            return ExitCode.meansCannotStart(failure.code) && failure.message.contains(self.scene.database)
                && failure.message.contains("byte 14") && !failure.message.contains("\n")
        }
        #expect(try self.scene.state.bytes("usage/usage.db") == bytes)
    }

    @Test func aStateDirectoryThatIsNotThereYetIsWaitedFor() throws {
        let missing = "\(self.scene.state.path)/later"
        let ingest = try JournalIngest(
            loop: self.loop, stateDirectory: missing, database: .file(stateDirectory: missing), prices: [.free],
            log: JournalScene.log)
        ingest.start()
        try self.run { ingest.counts.databaseErrors > 1 }
        try self.scene.state.makeFolder("later/usage")
        try self.run { ingest.isOpen }
    }

    @Test func aDatabaseThatGoesOnRefusingIsOpenedAnew() throws {
        let ingest = try self.ingest()
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        self.scene.request(edge, upstream)
        ingest.start()
        try self.run { ingest.counts.records == 4 }
        // A limit of this one connection: full until there is another.
        let writer = { try #require(ingest.work?.writer as? UsageWriter) }
        let database = try writer().database
        let pages = try database.integer("PRAGMA page_count") ?? 0
        _ = try database.integer("PRAGMA max_page_count = \(pages)")
        for _ in 0..<500 { self.scene.request(edge, upstream) }
        try self.run { ingest.counts.databaseErrors == 1 }
        #expect(ingest.counts.records == 4)
        try self.run { ingest.counts.records == 2004 }
        #expect(ingest.counts.databaseErrors == 3)
        #expect(try writer().database !== database)
        #expect(try self.scene.count("SELECT count(*) FROM requests WHERE rank = 3") == 501)
    }

    @Test func theServiceShowsTheCountsAndEndsWithTheJournals() throws {
        let page = try CountedPage(instance: 2)
        let service = AggregatorService(
            loop: self.loop, hello: Hello(role: .aggregator, instance: 2, build: [1]), page: page.page,
            log: JournalScene.log)
        service.adopt(page: try page.descriptor(), role: .aggregator, slot: 0)
        let edge = try self.scene.journal(.edge, 7)
        edge.settle(self.scene.settle(self.scene.mint()), edge.begin(self.scene.begin(self.scene.mint())))
        edge.close()
        try service.journals(stateDirectory: self.scene.state.path, prices: [])
        try service.journals(stateDirectory: self.scene.state.path, prices: [.free])
        var done = false
        service.drain(timeout: 1000) { done = true }
        try self.run { done }
        let body = service.reply(to: AdministrationRequest(method: "GET", path: "/metrics")).body
        let lines = String(decoding: body, as: UTF8.self).split(separator: "\n")
        #expect(lines.contains("sluice_usage_records_total 2"))
        #expect(lines.contains("sluice_usage_recovered_requests_total 1"))
        #expect(lines.contains("sluice_journal_lag_bytes 0"))
        #expect(try self.scene.files() == [])
    }

    @Test func anEndAskedForTwiceComesOnce() throws {
        let service = AggregatorService(
            loop: self.loop, hello: Hello(role: .aggregator, instance: 2, build: [1]), log: JournalScene.log)
        // It lives on, so the end waits for it: long enough for the drain's time to be over meanwhile.
        let edge = try self.scene.journal(.edge, 7)
        defer { edge.close() }
        edge.settle(self.scene.settle(self.scene.mint()), edge.begin(self.scene.begin(self.scene.mint())))
        try service.journals(stateDirectory: self.scene.state.path, prices: [])
        var drained = 0
        service.drain(timeout: 400) { drained += 1 }
        service.drain(timeout: 100) { drained += 1 }
        #expect(drained == 0)
        try self.run { drained > 0 }
        for _ in 0..<3 { try self.loop.turn(waitingAtMost: 1_000_000) }
        #expect(drained == 1)
    }
}
