import Foundation
import Testing

@testable import KeyValue

@Suite struct KeyValueStoreTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private func value(_ reader: KeyValueReader, _ key: String) throws -> String? {
        let key = Array(key.utf8)
        return try unsafe key.withUnsafeBytes { key in
            unsafe try reader.withValue(of: key) { (_, value) in unsafe String(decoding: value, as: UTF8.self) }
        }
    }

    @Test func readersSeeEachCommitAndNothingElse() throws {
        let path = self.folder.file("t")
        let store = try KeyValueStore(path: path)
        let reader = try KeyValueReader(path: path)
        #expect(try self.value(reader, "a") == nil)
        try store.write { (table) throws(KeyValueError) in try table.put(Array("a".utf8), Array("1".utf8)) }
        #expect(try self.value(reader, "a") == "1")
        let first = reader.lastTransaction
        struct Stop: Error {}
        #expect(throws: KeyValueError.self) {
            try store.write { (table) throws(KeyValueError) in
                try table.put(Array("a".utf8), Array("2".utf8))
                throw KeyValueError(path: path, operation: "test", code: 5)
            }
        }
        #expect(try self.value(reader, "a") == "1")
        #expect(reader.lastTransaction == first)
        try store.write { (table) throws(KeyValueError) in
            #expect(try table.remove(Array("a".utf8)))
            #expect(try !table.remove(Array("a".utf8)))
        }
        #expect(try self.value(reader, "a") == nil)
        #expect(reader.lastTransaction > first)
        for name in ["t", "t-lock", "t-gate"] {
            let mode = try FileManager.default.attributesOfItem(atPath: self.folder.file(name))[.posixPermissions]
            // Nothing for others; whether the group reads it is the process's mask.
            #expect((mode as? Int).map { $0 & 0o137 } == 0)
        }
    }

    @Test func listsCountsAndClears() throws {
        let store = try KeyValueStore(path: self.folder.file("t"))
        try store.write { (table) throws(KeyValueError) in
            for key in UInt8(0)..<10 { try table.append([key], [key, key]) }
        }
        try store.read { (table) throws(KeyValueError) in
            #expect(try table.count() == 10)
            #expect(try table.value(of: [3]) == [3, 3])
            #expect(try table.value(of: [99]) == nil)
            var keys: [UInt8] = []
            unsafe try table.forEach { (key, _) in
                keys += unsafe Array(key)
                return keys.count < 5
            }
            #expect(keys == [0, 1, 2, 3, 4])
        }
        try store.write { (table) throws(KeyValueError) in try table.removeAll() }
        #expect(try store.read { (table) throws(KeyValueError) in try table.count() } == 0)
    }

    @Test func aTransactionEndsWithItsCall() throws {
        let store = try KeyValueStore(path: self.folder.file("t"))
        var kept: KeyValueTransaction?
        try store.write { (table) throws(KeyValueError) in kept = table }
        let error = #expect(throws: KeyValueError.self) { try kept?.put([1], [1]) }
        #expect(error?.fault == .program)
    }

    @Test func theMapGrowsAndReadersFollow() throws {
        let path = self.folder.file("t")
        let store = try KeyValueStore(path: path, mapSize: 64 << 10)
        let reader = try KeyValueReader(path: path)
        let value = [UInt8](repeating: 7, count: 1000)
        for round in UInt8(0)..<4 {
            try store.write { (table) throws(KeyValueError) in
                for key in UInt8(0)..<100 { try table.put([round, key], value) }
            }
        }
        let key: [UInt8] = [3, 99]
        let found = try unsafe key.withUnsafeBytes { key in
            unsafe try reader.withValue(of: key) { (stored, value) in unsafe (Array(stored), value.count) }
        }
        #expect(found?.0 == key)
        #expect(found?.1 == 1000)
        // Opened again with the small size: it takes what the file needs.
    }

    @Test func saysThatThereIsNoTable() throws {
        do {
            _ = try KeyValueReader(path: self.folder.file("none"))
            Issue.record("opened")
        } catch {
            #expect(error.isMissing)
            #expect(error.description.contains("none"))
        }
        #expect(!FileManager.default.fileExists(atPath: self.folder.file("none")))
    }

    @Test func noticesAReplacedFile() throws {
        let path = self.folder.file("t")
        do { _ = try KeyValueStore(path: path) }
        let reader = try KeyValueReader(path: path)
        #expect(!reader.isReplaced)
        try FileManager.default.moveItem(atPath: path, toPath: self.folder.file("old"))
        #expect(reader.isReplaced)
        try self.folder.write("t", [1])
        #expect(reader.isReplaced)
    }
}
