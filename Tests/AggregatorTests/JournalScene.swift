import Database
import Domain
import Foundation
import Journal
import EventLog
import Platform
import UsageStore

@testable import Aggregator

/// A state directory with journals of an edge and an upstream, and the tail that reads them.
final class JournalScene {
    struct Silence: LogSink {
        func write(_ line: [UInt8]) {}
    }

    static let host: UInt32 = 0xABCDEF
    let state: TemporaryFolder
    private var minter = RecordIDMinter(host: host, instance: 7)
    private var milliseconds: UInt64 = 1_790_000_000_000
    /// Passes by half a second with each step, so that each asks who lives.
    private var now: UInt64 = 1

    var folder: String { JournalFolder.path(stateDirectory: self.state.path) }
    var database: String { UsageSchema.path(stateDirectory: self.state.path) }
    static var log: Log { Log(role: .aggregator, sink: Silence()) }

    init(makesFolder: Bool = true) throws {
        self.state = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: UsageSchema.folder(stateDirectory: self.state.path), withIntermediateDirectories: false)
        if makesFolder { try self.makeFolder() }
    }

    func makeFolder() throws {
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
    }

    func tail() throws -> JournalTail { try self.tail(into: UsageWriter(path: self.database)) }

    func tail(into writer: any UsageSink) throws -> JournalTail {
        try JournalTail(census: JournalCensus(folder: self.folder, log: Self.log), writer: writer)
    }

    func journal(_ role: Role, _ instance: UInt32, segmentSize: Int = 64 * 1024) throws -> JournalWriter {
        try JournalWriter(
            folder: self.folder, owner: JournalOwner(host: Self.host, instance: instance, role: role),
            settings: JournalSettings(), segmentSize: segmentSize)
    }

    func mint() -> RecordID {
        self.milliseconds += 1
        return self.minter.mint(milliseconds: self.milliseconds)
    }

    func step(_ tail: JournalTail, limit: Int = JournalTail.batch) throws -> JournalTail.Outcome {
        self.now += 600_000_000
        return try tail.step(now: self.now, limit: limit)
    }

    /// Steps until nothing is left; returns how many steps it took.
    @discardableResult
    func drain(_ tail: JournalTail, limit: Int = JournalTail.batch) throws -> Int {
        for count in 1...10_000 where try self.step(tail, limit: limit) == .idle { return count }
        return 0
    }

    // MARK: Records

    func begin(_ record: RecordID) -> BeginRecord {
        BeginRecord(
            record: record, principal: .staticKey, endpoint: .chatCompletions, bodyBytes: 10,
            fingerprint: 0xF000 + record.low & 0xFFF)
    }

    func settle(_ record: RecordID, rank: SettleRank = .edge) -> SettleRecord {
        SettleRecord(
            record: record, rank: rank, status: rank == .edge ? 200 : 0,
            outcome: rank == .edge ? .complete : .unknown, model: Array("fast".utf8),
            provider: Array("openai".utf8), modelSent: Array("gpt".utf8), usage: TokenUsage(input: 3, output: 4),
            usageSource: .provider, cost: 70, attempts: 1, total: 5)
    }

    func attempt(_ record: RecordID) -> AttemptRecord {
        AttemptRecord(
            record: record, number: 1, provider: Array("openai".utf8), model: Array("gpt".utf8), price: 5,
            startedAt: record.milliseconds)
    }

    func end(_ record: RecordID) -> AttemptEndRecord {
        AttemptEndRecord(
            record: record, number: 1, status: 200, billed: .yes, usageSource: .provider,
            usage: TokenUsage(input: 3, output: 4), cost: 70)
    }

    /// A whole request in two journals.
    @discardableResult
    func request(_ edge: JournalWriter, _ upstream: JournalWriter) -> RecordID {
        let record = self.mint()
        let admission = self.admitted { edge.begin(self.begin(record)) }
        let sent = self.admitted { upstream.attempt(self.attempt(record)) }
        upstream.attemptEnd(self.end(record), sent)
        edge.settle(self.settle(record), admission)
        return record
    }

    /// A journal with segments this small is full until its thread has made the next one.
    private func admitted(_ append: () -> JournalWriter.Admission) -> JournalWriter.Admission {
        let deadline = Clocks.monotonicNanoseconds() + 10_000_000_000
        while Clocks.monotonicNanoseconds() < deadline {
            let admission = append()
            if admission == .recorded { return admission }
            sched_yield()
        }
        return append()
    }

    // MARK: What is there

    func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: self.folder).sorted()
    }

    /// The folder's files and their contents as they are, and locked by nobody: what a kill of all leaves.
    func remains() throws -> [String: [UInt8]] {
        var remains: [String: [UInt8]] = [:]
        // Segments that are being made come and go.
        for file in try self.files() where !file.hasSuffix(".new") {
            remains[file] = try self.state.bytes("journal/\(file)")
        }
        return remains
    }

    func put(_ remains: [String: [UInt8]]) throws {
        try self.makeFolder()
        for (file, bytes) in remains { try self.state.write("journal/\(file)", bytes) }
    }

    func count(_ sql: SQL) throws -> Int64 {
        let options = SQLiteOptions(access: .readOnly, applicationID: UsageSchema.applicationID)
        return try SQLiteDatabase(path: self.database, options: options).integer(sql) ?? -1
    }

    /// One line a request: record, rank, status, cost.
    func rows() throws -> [String] {
        let options = SQLiteOptions(access: .readOnly, applicationID: UsageSchema.applicationID)
        let database = try SQLiteDatabase(path: self.database, options: options)
        let statement = try database.prepare(
            """
            SELECT r.record, r.rank, r.status, r.cost, r.provider, r.model, r.key IS NULL,
                (SELECT group_concat(a.number || a.billed || ifnull(a.cost, '-')) FROM attempts_text a
                    WHERE a.record = r.record)
            FROM requests_text r ORDER BY r.record
            """)
        var rows: [String] = []
        while try statement.step() {
            rows.append((0..<8).map { statement.optionalText($0) ?? "-" }.joined(separator: " "))
        }
        return rows
    }
}
