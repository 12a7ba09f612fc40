import Database
import Journal
import Testing

@testable import UsageStore

/// What a file can have wrong with it.
@Suite struct UsageFileTests {
    private let folder: TemporaryFolder
    private var source = RecordSource()

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private func count(_ path: String, _ sql: SQL) throws -> Int64 {
        try SQLiteDatabase(path: path, options: UsageSchema.reading).integer(sql) ?? -1
    }

    @Test mutating func aFullDatabaseTakesNothingAndGoesOnLater() throws {
        let path = self.folder.file("usage.db")
        let writer = try UsageWriter(path: path)
        try writer.apply(RecordSource.all(self.source.mint()))
        let pages = try writer.database.integer("PRAGMA page_count") ?? 0
        _ = try writer.database.integer("PRAGMA max_page_count = \(pages)")
        let records = (0..<2000).flatMap { _ in RecordSource.all(self.source.mint()) }
        #expect {
            try writer.apply(records)
        } throws: {
            ($0 as? DatabaseError)?.isRetryable == true
        }
        writer.rollback()
        #expect(try self.count(path, "SELECT count(*) FROM requests") == 1)
        _ = try writer.database.integer("PRAGMA max_page_count = 1000000")
        try writer.apply(records)
        #expect(try self.count(path, "SELECT count(*) FROM requests WHERE rank = 3") == 2001)
    }

    @Test mutating func aLockThatSomebodyElseHoldsIsRetryable() throws {
        let path = self.folder.file("usage.db")
        let writer = try UsageWriter(path: path)
        let other = try SQLiteDatabase(path: path, options: UsageSchema.writing)
        try other.begin()
        let records = RecordSource.all(self.source.mint())
        #expect {
            try writer.apply(records)
        } throws: {
            ($0 as? DatabaseError)?.isRetryable == true
        }
        writer.rollback()
        other.rollback()
        try writer.apply(records)
        #expect(try self.count(path, "SELECT count(*) FROM calls") == 1)
    }

    @Test func aDamagedFileIsNamedAndLeftAlone() throws {
        let path = self.folder.file("usage.db")
        _ = try UsageWriter(path: path)
        var bytes = try self.folder.bytes("usage.db")
        for index in bytes.indices.dropFirst(8192) { bytes[index] = 0xA5 }
        try self.folder.write("usage.db", bytes)
        #expect {
            _ = try UsageWriter(path: path)
        } throws: { error in
            guard let error = error as? DatabaseError else { return false }
            return error.fault == .file && error.description.contains(path) && error.offset != nil
        }
        #expect(try self.folder.bytes("usage.db") == bytes)
    }
}
