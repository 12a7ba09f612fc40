import Cryptography
import Domain
import Foundation
import KeyValue
import Testing

@testable import Identity

@Suite struct IdentityTableTests {
    private static let source = EntityID(high: 1, low: 2)
    private let folder: TemporaryFolder
    private let algorithm: SHA256

    init() throws {
        self.folder = try TemporaryFolder()
        self.algorithm = try SHA256()
    }

    private func digest(_ number: Int) throws -> Digest { try self.algorithm.digest(Array("key \(number)".utf8)) }

    private func row(_ number: Int) -> IdentityRow {
        IdentityRow(
            principal: Principal(
                organization: .standard, project: .standard, key: EntityID(high: 7, low: UInt64(number))))
    }

    private func create(_ count: Int) throws -> IdentityWriter {
        var rows = try (0..<count).map { (try self.digest($0), self.row($0)) }[...]
        try IdentityWriter.create(
            stateDirectory: self.folder.path, meta: IdentityMeta(sequence: UInt64(count), source: Self.source)
        ) { rows.popFirst() }
        return try IdentityWriter(stateDirectory: self.folder.path)
    }

    @Test func aRevocationIsInForceAtItsCommit() throws {
        let writer = try self.create(3)
        #expect(try writer.count() == 3)
        #expect(writer.meta == IdentityMeta(sequence: 3, source: Self.source))
        let reader = IdentityReader(stateDirectory: self.folder.path)
        #expect(!reader.isOpen)
        #expect(throws: KeyValueError.self) { try reader.row(for: try self.digest(1)) }
        try reader.refresh()
        #expect(try reader.row(for: self.digest(1)) == self.row(1))
        #expect(try reader.row(for: self.digest(9)) == nil)
        try writer.apply([.remove(self.digest(1)), .put(self.digest(9), self.row(9))], sequence: 5)
        #expect(try reader.row(for: self.digest(1)) == nil)
        #expect(try reader.row(for: self.digest(9)) == self.row(9))
        var limited = self.row(9)
        limited.limits[.concurrency] = 4
        limited.isEnabled = false
        try writer.apply([.put(self.digest(9), limited)], sequence: 6)
        #expect(try reader.row(for: self.digest(9)) == limited)
        #expect(writer.meta.sequence == 6)
    }

    private static let zone = TimeZoneRules(
        name: "Europe/Berlin", initialOffset: 3600, transitions: [.init(at: 1_800_000_000, offset: 7200)])

    @Test func knowsWhatIsSetForProjectsAndOthers() throws {
        let writer = try self.create(3)
        let reader = IdentityReader(stateDirectory: self.folder.path)
        #expect(throws: KeyValueError.self) { try reader.entity(.project, .standard) }
        try reader.refresh()
        let before = reader.generation
        #expect(reader.generation == before)
        #expect(try reader.entity(.project, .standard) == nil)
        let project = EntityRow(limits: LimitSet([.monthlyCost: 50_000_000_000]), timeZone: Self.zone)
        let user = EntityRow(limits: LimitSet([.concurrency: 0]))
        try writer.apply(
            [
                .set(.init(.project, .standard, project)), .set(.init(.user, .standard, user)),
                .put(self.digest(7), self.row(7)),
            ], sequence: 4)
        #expect(reader.generation != before)
        #expect(try reader.entity(.project, .standard) == project)
        #expect(try reader.entity(.user, .standard) == user)
        #expect(try reader.entity(.key, .standard) == nil)
        #expect(try reader.entity(.project, .anonymous) == nil)
        #expect(try reader.row(for: self.digest(7)) == self.row(7))
        #expect(try writer.entity(.user, .standard) == user)
        #expect(try writer.count() == 4)
        let after = reader.generation
        try writer.apply([.set(.init(.project, .standard, EntityRow()))], sequence: 5)
        #expect(try reader.entity(.project, .standard) == nil)
        #expect(reader.generation != after)
        #expect(try writer.count() == 4)
    }

    @Test func aNewTableHasAnotherGeneration() throws {
        let entity = IdentityWriter.Entity(.organization, .standard, EntityRow(limits: LimitSet([.totalCost: 1])))
        func make() throws {
            try IdentityWriter.create(
                stateDirectory: self.folder.path, meta: IdentityMeta(sequence: 1, source: Self.source),
                entities: [entity]
            ) { nil }
        }
        try make()
        let reader = IdentityReader(stateDirectory: self.folder.path)
        try reader.refresh()
        let first = reader.generation
        #expect(try reader.entity(.organization, .standard) == entity.row)
        // Made by the same commits: only the file tells them apart.
        try FileManager.default.removeItem(atPath: IdentityTable.path(stateDirectory: self.folder.path))
        try make()
        try reader.refresh()
        #expect(reader.generation != first)
    }

    @Test func keepsItsContentsBetweenProcesses() throws {
        do {
            let writer = try self.create(2)
            try writer.apply([.put(self.digest(5), self.row(5))], sequence: 8)
        }
        let writer = try IdentityWriter(stateDirectory: self.folder.path)
        #expect(writer.meta.sequence == 8)
        #expect(try writer.count() == 3)
    }

    @Test func replacesEverythingAtOnce() throws {
        let writer = try self.create(20)
        let reader = IdentityReader(stateDirectory: self.folder.path)
        try reader.refresh()
        let other = IdentityMeta(sequence: 1, source: EntityID(high: 3, low: 4))
        let rows = [(try self.digest(100), self.row(100))]
        try writer.apply([.set(.init(.organization, .standard, EntityRow(timeZone: .utc)))], sequence: 21)
        let project = EntityRow(limits: LimitSet([.dailyTokens: 5]))
        try writer.replace(meta: other, entities: [.init(.project, .standard, project)]) {
            var rest = rows[...]
            return { rest.popFirst() }
        }
        #expect(writer.meta == other)
        #expect(try reader.row(for: self.digest(3)) == nil)
        #expect(try reader.row(for: self.digest(100)) == self.row(100))
        #expect(try reader.entity(.project, .standard) == project)
        #expect(try reader.entity(.organization, .standard) == nil)
        #expect(try writer.count() == 1)
    }

    @Test func opensAgainWhereControlHasMadeANewTable() throws {
        do { _ = try self.create(2) }
        let reader = IdentityReader(stateDirectory: self.folder.path)
        try reader.refresh()
        try FileManager.default.removeItem(atPath: IdentityTable.path(stateDirectory: self.folder.path))
        #expect(!IdentityWriter.exists(stateDirectory: self.folder.path))
        // What was read keeps being read until the name is looked at again; then nothing is known.
        #expect(try reader.row(for: self.digest(1)) == self.row(1))
        #expect(throws: KeyValueError.self) { try reader.refresh() }
        #expect(!reader.isOpen)
        let writer = try self.create(7)
        try reader.refresh()
        #expect(try reader.row(for: self.digest(6)) == self.row(6))
        try writer.apply([.remove(self.digest(6))], sequence: 9)
        #expect(try reader.row(for: self.digest(6)) == nil)
        let files = try FileManager.default.contentsOfDirectory(
            atPath: IdentityTable.folder(stateDirectory: self.folder.path))
        #expect(Set(files) == ["identity.mdb", "identity.mdb-lock", "identity.mdb-gate"])
    }

    @Test func refusesATableOfAnotherKind() throws {
        let path = IdentityTable.path(stateDirectory: self.folder.path)
        try FileManager.default.createDirectory(
            atPath: IdentityTable.folder(stateDirectory: self.folder.path), withIntermediateDirectories: false)
        do {
            let store = try KeyValueStore(path: path)
            try store.write { (table) throws(KeyValueError) in try table.put(Array("meta".utf8), Array("SLID".utf8)) }
        }
        let before = try self.folder.bytes("identity/identity.mdb")
        let error = #expect(throws: KeyValueError.self) { try IdentityWriter(stateDirectory: self.folder.path) }
        #expect(error?.fault == .file)
        #expect(error?.description.contains(path) == true)
        #expect(try self.folder.bytes("identity/identity.mdb") == before)
        #expect(throws: KeyValueError.self) { try IdentityReader(stateDirectory: self.folder.path).refresh() }
    }

    @Test func aDamagedRowIsAnErrorAndNoTrap() throws {
        do { _ = try self.create(1) }
        let damaged = try self.digest(50)
        do {
            let store = try KeyValueStore(path: IdentityTable.path(stateDirectory: self.folder.path))
            try store.write { (table) throws(KeyValueError) in try table.put(damaged.bytes, [1, 2, 3]) }
        }
        let reader = IdentityReader(stateDirectory: self.folder.path)
        try reader.refresh()
        do {
            let store = try KeyValueStore(path: IdentityTable.path(stateDirectory: self.folder.path))
            try store.write { (table) throws(KeyValueError) in
                try table.put(EntityRow.key(.project, .standard), [1, 2, 3])
            }
        }
        #expect(throws: KeyValueError.self) { try reader.entity(.project, .standard) }
        let error = #expect(throws: KeyValueError.self) { try reader.row(for: damaged) }
        #expect(error?.fault == .file)
        #expect(try reader.row(for: self.digest(0)) == self.row(0))
    }

    @Test(arguments: [false, true]) func rowsMayComeInAnyOrder(_ sorted: Bool) throws {
        var rows = try (0..<300).map { (try self.digest($0), self.row($0)) }
        if sorted { rows.sort { $0.0.bytes.lexicographicallyPrecedes($1.0.bytes) } }
        var rest = rows[...]
        try IdentityWriter.create(
            stateDirectory: self.folder.path, meta: IdentityMeta(sequence: 1, source: Self.source)
        ) { rest.popFirst() }
        let writer = try IdentityWriter(stateDirectory: self.folder.path)
        #expect(try writer.count() == 300)
        let reader = IdentityReader(stateDirectory: self.folder.path)
        try reader.refresh()
        for (digest, row) in rows { #expect(try reader.row(for: digest) == row) }
    }

    @Test func findsEachOfManyKeys() throws {
        let writer = try self.create(5000)
        let reader = IdentityReader(stateDirectory: self.folder.path)
        try reader.refresh()
        for number in stride(from: 0, to: 5000, by: 7) {
            #expect(try reader.row(for: self.digest(number)) == self.row(number))
        }
        #expect(try writer.count() == 5000)
    }
}
