import Database
import DatabaseTestSupport
import Domain
import EventLog
import Testing

@testable import Aggregator
@testable import UsageStore

/// A usage database of either product, and hosts that share it, under a clock that goes on when the test says so.
final class HousekeepingScene {
    /// One that is started, and may end at any moment.
    final class Host {
        let housekeeper: Housekeeper
        let sink: any UsageSink

        /// `pace`: nanoseconds that each step seems to take.
        init(
            _ number: UInt32, _ database: UsageDatabase, _ settings: HousekeepingSettings, pace: UInt64 = 0
        ) throws {
            var time: UInt64 = 0
            self.housekeeper = Housekeeper(host: number, settings: settings, log: JournalScene.log) {
                time += pace
                return time
            }
            self.sink = try database.writer()
        }

        /// Does what is to be done now; returns how many steps it took.
        @discardableResult
        func work(at scene: HousekeepingScene, steps: Int = 1000) -> Int {
            for count in 0..<steps where self.step(at: scene) == .later { return count }
            return steps
        }

        func step(at scene: HousekeepingScene) -> Housekeeper.Next {
            self.housekeeper.step(self.sink, now: scene.now, wall: scene.wall)
        }

        func runs(_ job: Job, _ result: JobResult = .done) -> UInt64 {
            self.housekeeper.counts.runs[JobCounts.Kind(job: job, result: result)] ?? 0
        }
    }

    static let products: [DatabaseProduct] = TestPostgres.isPresent ? [.sqlite, .postgres] : [.sqlite]
    static let minute: UInt64 = 60_000
    static let hour: UInt64 = 60 * minute
    static let day: UInt64 = 24 * hour

    private let folder: TemporaryFolder
    private let server: TestPostgres?
    /// Milliseconds since 1970.
    var wall: UInt64
    /// Monotonic, in nanoseconds: goes on with the wall clock where that goes on.
    private(set) var now: UInt64 = 1_000_000_000_000_000

    init(_ product: DatabaseProduct, at seconds: Int64) throws {
        self.folder = try TemporaryFolder()
        self.server = product == .postgres ? try TestPostgres() : nil
        self.wall = UInt64(seconds) * 1000
    }

    func pass(_ milliseconds: UInt64) {
        self.wall += milliseconds
        self.now += milliseconds * 1_000_000
    }

    func database(_ host: UInt32 = 1) -> UsageDatabase {
        self.server.map { UsageDatabase(.postgres($0.address), host: host) }
            ?? UsageDatabase(.sqlite(path: self.folder.file("usage.db")))
    }

    func host(_ number: UInt32, _ settings: HousekeepingSettings, pace: UInt64 = 0) throws -> Host {
        try Host(number, self.database(number), settings, pace: pace)
    }

    /// The only one, or the first.
    func host(_ settings: HousekeepingSettings) throws -> Host { try self.host(1, settings) }

    /// A connection for whatever the test does from outside.
    func connection() throws -> any DatabaseConnection {
        if let server = self.server {
            var options = server.options(schema: UsageSchema.postgresSchema)
            options.isolation = .readCommitted
            return PostgresConnection(options, migrations: UsageSchema.postgresMigrations)
        }
        return try SQLiteDatabase(
            path: self.folder.file("usage.db"), options: UsageSchema.writing, migrations: UsageSchema.migrations)
    }

    /// Requests that have ended, one at each of these times, in milliseconds since 1970.
    func fill(_ times: some Sequence<UInt64>) throws {
        let connection = try self.connection()
        var minter = RecordIDMinter(host: 1, instance: 7)
        try connection.transaction { () throws(DatabaseError) in
            for time in times {
                let statement = try connection.statement("INSERT INTO requests (record, rank) VALUES ($1, 3)")
                try statement.bind(1, blob: minter.mint(milliseconds: time).bytes)
                try statement.run()
            }
        }
    }

    func requests() throws -> Int64 { try self.connection().integer("SELECT count(*) FROM requests") ?? -1 }

    /// The periods that are finished, the oldest first.
    func finished(_ job: Job) throws -> [Int64] {
        try JobTable(try self.connection()).runs(job, limit: 10_000).filter { $0.finished != nil }.map(\.period)
            .reversed()
    }
}
