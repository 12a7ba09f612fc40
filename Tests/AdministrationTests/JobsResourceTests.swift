import Administration
import Domain
import JSON
import Testing
import UsageStore

/// What `GET jobs` says.
@Suite struct JobsResourceTests {
    private static let now: UInt64 = 1_795_176_000_000  // Friday, 2026-11-20T12:00:00Z
    private let folder: TemporaryFolder
    private let board: JobBoard
    private let service: AdministrationService

    init() throws {
        self.folder = try TemporaryFolder()
        try self.folder.makeFolder("usage", mode: 0o700)
        self.board = JobBoard(HousekeepingSettings())
        let file = UsageFile(.file(stateDirectory: self.folder.path))
        self.service = AdministrationService(resources: [JobsResource(file: file, board: self.board) { Self.now }])
    }

    /// One line of JSON a job.
    private func lines() throws -> [String] {
        let reply = self.service.reply(to: AdministrationRequest(method: .get, path: ["jobs"], body: []))
        #expect(reply.status == 200)
        let value = try JSONReader().read(reply.body, maximumBytes: 1 << 20)
        return (value["data"]?.array ?? []).map { job in
            var writer = JSONWriter()
            writer.value(job)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
    }

    @Test func beforeAnythingWasDoneOnlyTheFutureIsKnown() throws {
        let nothing = #""running":null,"last":null,"last_success":null}"#
        let rollup = #"{"job":"rollup","schedule":"01:00","timezone":"UTC","next":"2026-11-21T01:00:00.000Z","#
        let prune = #"{"job":"prune","schedule":"Sun 02:00","timezone":"UTC","next":"2026-11-22T02:00:00.000Z","#
        #expect(try self.lines() == ["\(rollup)\(nothing)", "\(prune)\(nothing)"])
        self.board.use(
            HousekeepingSettings(
                schedules: JobSchedules(rollup: try #require(Schedule("Mon 12:30"))),
                timeZone: TimeZoneRules(name: "Asia/Kolkata", initialOffset: 19_800)))
        let start =
            #"{"job":"rollup","schedule":"Mon 12:30","timezone":"Asia/Kolkata","next":"2026-11-23T07:00:00.000Z""#
        #expect(try self.lines()[0].hasPrefix(start))
    }

    @Test func howItWentIsTold() throws {
        let jobs = try UsageWriter(path: "\(self.folder.path)/usage/usage.db").jobs
        for (period, result) in [(1, .done), (2, .failed)] as [(Int64, JobResult)] {
            let begun = Self.now - UInt64(9 - period) * 60_000
            let claim = try #require(try jobs.claim(.prune, period: period, host: 7, now: begun, until: begun + 10))
            #expect(try jobs.finish(claim, result, amount: period * 100, now: begun + 5000))
        }
        // One was left off, one is under way.
        for (period, age, host) in [(3, 400, 8), (4, 10, 9)] as [(Int64, UInt64, UInt32)] {
            let begun = Self.now - age * 1000
            _ = try #require(try jobs.claim(.prune, period: period, host: host, now: begun, until: begun + 300_000))
        }
        let expected = [
            #"{"job":"prune","schedule":"Sun 02:00","timezone":"UTC","next":"2026-11-22T02:00:00.000Z""#,
            #""running":{"started":"2026-11-20T11:59:50.000Z","host":9}"#,
            #""last":{"started":"2026-11-20T11:53:00.000Z","host":7,"finished":"2026-11-20T11:53:05.000Z""#,
            #""result":"failed","rows":200}"#, #""last_success":"2026-11-20T11:52:05.000Z"}"#,
        ]
        #expect(try self.lines()[1] == expected.joined(separator: ","))
        #expect(try self.lines()[0].contains(#""running":null,"last":null"#))
    }

    @Test func aDatabaseThatCannotBeReadIsSaid() throws {
        try self.folder.write("usage/usage.db", [UInt8](repeating: 7, count: 8192))
        let reply = self.service.reply(to: AdministrationRequest(method: .get, path: ["jobs"], body: []))
        #expect(reply.status == 503)
    }
}
