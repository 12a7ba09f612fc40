import Foundation
import Testing

@testable import KeyValue

@Suite struct KeyValueFileTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    /// A table with a tree of two levels, a value of several pages and a list of free pages.
    private func makeFile() throws -> [UInt8] {
        let path = self.folder.file("t")
        do {
            let store = try KeyValueStore(path: path)
            for round in UInt8(0)..<3 {
                try store.write { (table) throws(KeyValueError) in
                    for key in UInt8(0)..<200 { try table.put([key, 1], [UInt8](repeating: round, count: 100)) }
                    try table.put([255], [UInt8](repeating: round, count: 10_000))
                    try table.remove([round, 1])
                }
            }
        }
        return try self.folder.bytes("t")
    }

    private func failure() -> KeyValueError? {
        do throws(KeyValueError) {
            try KeyValueFile.examine(self.folder.file("t"))
            return nil
        } catch { return error }
    }

    @Test func acceptsWhatLMDBWrites() throws {
        #expect(self.failure() == nil)
        try self.folder.write("t", [])
        #expect(self.failure() == nil)
        try FileManager.default.removeItem(atPath: self.folder.file("t"))
        let bytes = try self.makeFile()
        #expect(bytes.count > 8 * 4096)
        #expect(self.failure() == nil)
    }

    @Test func namesWhereTheFileEnds() throws {
        let good = try self.makeFile()
        // LMDB may have taken pages behind the last one in use; the file is whole up to that.
        for length in [1, 100, 4095, 4096, 4200, 8192, 20_000] {
            try self.folder.write("t", Array(good[..<length]))
            let error = self.failure()
            #expect(error?.offset == Int64(length), "\(length)")
            #expect(error?.fault == .file)
            #expect(error?.description.hasPrefix("\(self.folder.file("t")) at byte \(length): ") == true)
        }
    }

    @Test(arguments: [16, 4096 + 16, 20, 4096 + 20]) func namesAWrongHeader(_ offset: Int) throws {
        var bytes = try self.makeFile()
        bytes[offset] ^= 1
        try self.folder.write("t", bytes)
        #expect(self.failure()?.offset == Int64(offset))
        do throws(KeyValueError) {
            _ = try KeyValueStore(path: self.folder.file("t"))
            Issue.record("opened")
        } catch {
            #expect(error.fault == .file)
            #expect(try self.folder.bytes("t") == bytes)
        }
    }

    @Test func namesADamagedPage() throws {
        let good = try self.makeFile()
        var found = 0
        for page in 2..<(good.count / 4096) {
            var bytes = good
            for offset in (page * 4096)..<(page * 4096 + 24) { bytes[offset] = 0xFF }
            try self.folder.write("t", bytes)
            // Pages on the list of free ones may hold anything.
            guard let error = self.failure() else { continue }
            #expect(error.offset == Int64(page * 4096))
            found += 1
        }
        #expect(found >= 5)
    }

    @Test func randomDamageNeverEndsTheProcess() throws {
        let good = try self.makeFile()
        var refused = 0
        for _ in 0..<400 {
            var bytes = good
            for _ in 0..<4 {
                // Mostly where structure is: headers of pages and the offsets behind them.
                let page = Int.random(in: 0..<(good.count / 4096))
                bytes[page * 4096 + Int.random(in: 0..<(Bool.random() ? 64 : 4096))] ^= UInt8.random(in: 1...255)
            }
            try self.folder.write("t", bytes)
            if self.failure() != nil { refused += 1 }
        }
        #expect(refused > 100)
    }
}
