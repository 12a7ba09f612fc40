import Foundation
import Testing

@testable import Database

@Suite struct DatabaseFileTests {
    private static let options = SQLiteOptions(applicationID: 5)
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    /// A database of some pages, closed, without a log.
    private func makeFile() throws -> [UInt8] {
        do {
            let database = try SQLiteDatabase(
                path: self.folder.file("a.db"), options: Self.options,
                migrations: [
                    Migration(
                        version: 1,
                        statements: ["CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)", "CREATE INDEX i ON t(name)"])
                ])
            try database.transaction { () throws(DatabaseError) in
                let insert = try database.prepare("INSERT INTO t(name) VALUES ($1)")
                for number in 0..<2000 {
                    try insert.bind(1, text: "row number \(number) of a table with several pages")
                    try insert.run()
                }
            }
        }
        #expect(!FileManager.default.fileExists(atPath: self.folder.file("a.db-wal")))
        return try self.folder.bytes("a.db")
    }

    private func failure() -> DatabaseError? {
        do {
            _ = try SQLiteDatabase(path: self.folder.file("a.db"), options: Self.options)
            return nil
        } catch { return error }
    }

    @Test func takesAnEmptyFileForANewOne() throws {
        try self.folder.write("a.db", [])
        #expect(self.failure() == nil)
    }

    @Test func refusesAFolder() throws {
        try FileManager.default.createDirectory(atPath: self.folder.file("a.db"), withIntermediateDirectories: false)
        #expect(self.failure()?.message.contains("not a plain file") == true)
    }

    @Test func namesTheByteThatIsWrongInTheHeader() throws {
        let good = try self.makeFile()
        for offset in [0, 5, 15] {
            var bytes = good
            bytes[offset] ^= 0x20
            try self.folder.write("a.db", bytes)
            let error = self.failure()
            #expect(error?.offset == Int64(offset))
            #expect(error?.fault == .file)
            #expect(error?.description.hasPrefix("\(self.folder.file("a.db")) at byte \(offset): ") == true)
            #expect(try self.folder.bytes("a.db") == bytes)
        }
        var bytes = good
        bytes[16] = 0x11
        try self.folder.write("a.db", bytes)
        #expect(self.failure()?.offset == 16)
    }

    @Test(arguments: [1, 99, 4096, 5000, 20_000]) func namesWhereAFileEnds(_ length: Int) throws {
        let good = try self.makeFile()
        #expect(good.count > 20_000)
        let cut = Array(good[..<length])
        try self.folder.write("a.db", cut)
        let error = self.failure()
        #expect(error?.offset == Int64(length))
        #expect(error?.fault == .file)
        #expect(try self.folder.bytes("a.db") == cut)
    }

    @Test func namesThePageThatIsDamaged() throws {
        let good = try self.makeFile()
        let pageSize = 4096
        for page in 2...6 {
            var bytes = good
            for offset in ((page - 1) * pageSize)..<((page - 1) * pageSize + 40) { bytes[offset] = 0xFF }
            try self.folder.write("a.db", bytes)
            let error = self.failure()
            #expect(error?.fault == .file, "page \(page)")
            #expect(error?.offset == Int64((page - 1) * pageSize), "page \(page): \(error?.description ?? "none")")
            #expect(try self.folder.bytes("a.db") == bytes)
        }
    }

    @Test func readsPageNumbersOutOfVerdicts() {
        #expect(DatabaseFile.page(in: "*** in database main ***\nTree 5 page 3 cell 0: Offset 1 out of range") == 3)
        #expect(DatabaseFile.page(in: "*** in database main ***\nPage 17: never used") == 17)
        #expect(DatabaseFile.page(in: "row 1 missing from index i") == nil)
        #expect(DatabaseFile.page(in: "page 99999999999999999999 page 0 page") == nil)
        #expect(DatabaseFile.page(in: "") == nil)
    }

    @Test func randomDamageNeverEndsTheProcess() throws {
        let good = try self.makeFile()
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<60 {
            var bytes = good
            for _ in 0..<8 {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= UInt8.random(in: 1...255)
            }
            try self.folder.write("a.db", bytes)
            for companion in ["a.db-wal", "a.db-shm"] {
                try? FileManager.default.removeItem(atPath: self.folder.file(companion))
            }
            if let error = self.failure() { #expect(!error.description.isEmpty) }
        }
    }
}
