import Database
import Domain
import Foundation
import Journal
import Testing
import UsageStore

@testable import Aggregator

@Suite struct JournalTailTests {
    private let scene: JournalScene

    init() throws {
        self.scene = try JournalScene()
    }

    // MARK: Reading

    @Test func theLivingAreRead() throws {
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        let tail = try self.scene.tail()
        try self.scene.drain(tail)
        let first = self.scene.request(edge, upstream)
        try self.scene.drain(tail)
        #expect(try self.scene.rows() == ["\(first) 3 200 70 openai fast 0 1yes70"])
        let open = self.scene.mint()
        let admission = edge.begin(self.scene.begin(open))
        try self.scene.drain(tail)
        #expect(try self.scene.rows().last == "\(open) 0 - - - - 0 -")
        edge.settle(self.scene.settle(open), admission)
        try self.scene.drain(tail)
        #expect(try self.scene.rows().last == "\(open) 3 200 70 openai fast 0 -")
        #expect(tail.counts.records == 6)
        #expect(tail.counts.lag == 0)
        #expect(tail.counts.recovered == 0)
        #expect(tail.standings.hasLivingOwners)
        #expect(try self.scene.files().count { $0.hasSuffix(".journal") } >= 2)
    }

    @Test func theSegmentsOfTheDeadGoWhenTheyAreRead() throws {
        let tail = try self.scene.tail()
        do {
            let edge = try self.scene.journal(.edge, 7)
            let upstream = try self.scene.journal(.upstream, 9)
            for _ in 0..<10 { self.scene.request(edge, upstream) }
            edge.close()
            upstream.close()
        }
        try self.scene.drain(tail)
        #expect(try self.scene.files() == [])
        #expect(try self.scene.count("SELECT count(*) FROM requests WHERE rank = 3") == 10)
        #expect(tail.standings.isFinished(TailedOwner(host: JournalScene.host, instance: 7)))
        // The positions go with the next commit.
        let edge = try self.scene.journal(.edge, 17)
        edge.settle(self.scene.settle(self.scene.mint()), edge.begin(self.scene.begin(self.scene.mint())))
        try self.scene.drain(tail)
        #expect(try self.scene.count("SELECT count(*) FROM positions") == 1)
    }

    @Test func whatADeadEdgeLeftOpenIsSettled() throws {
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        let answered = self.scene.mint()
        let orphan = self.scene.mint()
        let cut = self.scene.mint()
        for record in [answered, orphan, cut] { _ = edge.begin(self.scene.begin(record)) }
        upstream.attemptEnd(self.scene.end(answered), upstream.attempt(self.scene.attempt(answered)))
        upstream.attemptEnd(
            self.scene.end(orphan), upstream.attempt(self.scene.attempt(orphan)),
            orphan: self.scene.settle(orphan, rank: .upstream))
        _ = upstream.attempt(self.scene.attempt(cut))
        let remains = try self.scene.remains()
        let killed = try JournalScene()
        try killed.put(remains)
        let tail = try killed.tail()
        try killed.drain(tail)
        #expect(
            try killed.rows() == [
                "\(answered) 1 0 70 openai  0 1yes70", "\(orphan) 2 0 70 openai fast 0 1yes70",
                "\(cut) 1 0 - openai  0 1unknown-",
            ])
        #expect(tail.counts.recovered == 2)
        #expect(try killed.files() == [])
        // The same files once more, as after a restore: nothing changes.
        let rows = try killed.rows()
        try killed.put(remains)
        try killed.drain(tail)
        #expect(try killed.rows() == rows)
        #expect(try killed.files() == [])
        edge.close()
        upstream.close()
    }

    @Test func smallStepsAndNewProcessesReadEverythingOnce() throws {
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        // Several segments of 64 KiB each.
        for _ in 0..<1500 { self.scene.request(edge, upstream) }
        edge.close()
        upstream.close()
        #expect(try self.scene.files().count > 4)
        var steps = 0
        var recovered: UInt64 = 0
        var records: UInt64 = 0
        while steps < 1000 {
            // A new process after every third step.
            let tail = try self.scene.tail()
            var outcome = JournalTail.Outcome.more
            for _ in 0..<3 where outcome == .more { outcome = try self.scene.step(tail, limit: 97) }
            steps += 1
            recovered += tail.counts.recovered
            records += tail.counts.records
            if outcome == .idle { break }
            #expect(tail.counts.lag > 0)
        }
        #expect(records == 6000)
        #expect(recovered == 0)
        #expect(try self.scene.count("SELECT count(*) FROM requests WHERE rank = 3 AND principal NOT NULL") == 1500)
        #expect(try self.scene.count("SELECT count(*) FROM calls WHERE billed = 1") == 1500)
        #expect(try self.scene.files() == [])
    }

    @Test func whatAKilledMakerLeftUnfinishedGoes() throws {
        let edge = try self.scene.journal(.edge, 7)
        defer { edge.close() }
        let left = "\(self.scene.folder)/abcdef-000009-000001.journal.new"
        try Data(count: 4096).write(to: URL(fileURLWithPath: left))
        let tail = try self.scene.tail()
        try self.scene.drain(tail)
        // It may just be on its way.
        #expect(FileManager.default.fileExists(atPath: left))
        for _ in 0..<5 { try self.scene.drain(tail) }
        #expect(!FileManager.default.fileExists(atPath: left))
        #expect(try self.scene.files().contains("abcdef-000007-000001.journal"))
    }

    @Test func segmentsThatAreDoneHoldNoFile() throws {
        func descriptors() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { number in
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
                return target?.hasPrefix(self.scene.folder + "/") ?? false
            }
        }
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        for _ in 0..<3000 { self.scene.request(edge, upstream) }
        edge.close()
        upstream.close()
        let before = try self.scene.files().count
        #expect(before >= 10)
        let tail = try self.scene.tail()
        var most = 0
        while try self.scene.step(tail, limit: 500) == .more { most = max(most, try descriptors()) }
        #expect((1...2).contains(most))
        #expect(try self.scene.files().isEmpty)
        #expect(try self.scene.count("SELECT count(*) FROM requests WHERE rank = 3") == 3000)
    }

    @Test func fullSegmentsOfTheLivingGo() throws {
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        let tail = try self.scene.tail()
        var most = 0
        for _ in 0..<40 {
            for _ in 0..<50 { self.scene.request(edge, upstream) }
            try self.scene.drain(tail)
            most = max(most, try self.scene.files().count)
        }
        #expect(try self.scene.count("SELECT count(*) FROM requests WHERE rank = 3") == 2000)
        // The one that is written and those made ahead, of both.
        #expect(most <= 8)
        edge.close()
        upstream.close()
    }

    // MARK: Trouble

    @Test func aFolderThatIsNotThereYetIsAnEmptyOne() throws {
        let scene = try JournalScene(makesFolder: false)
        let tail = try scene.tail()
        #expect(try scene.step(tail) == .idle)
        try scene.makeFolder()
        let edge = try scene.journal(.edge, 7)
        _ = edge.begin(scene.begin(scene.mint()))
        #expect(try scene.step(tail) == .idle)
        #expect(try scene.rows().count == 1)
    }

    @Test func aDamagedTailIsSetAsideAndTheRestIsKept() throws {
        let edge = try self.scene.journal(.edge, 7)
        let records = (0..<20).map { _ in self.scene.mint() }
        for record in records { edge.settle(self.scene.settle(record), edge.begin(self.scene.begin(record))) }
        let remains = try self.scene.remains()
        edge.close()
        let file = try #require(remains.keys.sorted().first)
        var bytes = try #require(remains[file])
        // The last bytes that are written are in the last SETTLE.
        let last = try #require(bytes.lastIndex { $0 != 0 })
        bytes[last - 20] ^= 0x10
        let killed = try JournalScene()
        try killed.put([file: bytes])
        let tail = try killed.tail()
        try killed.drain(tail)
        #expect(tail.counts.tornTails == 1)
        #expect(try killed.files() == ["\(file).torn"])
        #expect(try killed.state.bytes("journal/\(file).torn") == bytes)
        #expect(try killed.count("SELECT count(*) FROM requests WHERE rank = 3") == 19)
        #expect(try killed.count("SELECT count(*) FROM requests WHERE rank = 1") == 1)
        try killed.drain(tail)
        #expect(tail.counts.tornTails == 1)
    }

    @Test func whatIsNoSegmentIsLeftAlone() throws {
        let foreign: [String: [UInt8]] = [
            "notes.txt": [1, 2, 3], "ABCDEF-000007-000001.journal": [1],
            "abcdef-000007-000001.journal": [UInt8](repeating: 7, count: 8192),
            "abcdef-000008-000001.journal": [],
        ]
        try self.scene.put(foreign)
        let edge = try self.scene.journal(.edge, 17)
        edge.settle(self.scene.settle(self.scene.mint()), edge.begin(self.scene.begin(self.scene.mint())))
        edge.close()
        let tail = try self.scene.tail()
        for _ in 0..<3 { try self.scene.drain(tail) }
        #expect(tail.counts.unreadable == 2)
        #expect(try self.scene.remains() == foreign)
        #expect(try self.scene.rows().count == 2)
    }

    @Test func aDatabaseThatRefusesTakesEverythingLater() throws {
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        let tail = try self.scene.tail()
        self.scene.request(edge, upstream)
        try self.scene.drain(tail)
        let options = SQLiteOptions(access: .readWrite, applicationID: UsageSchema.applicationID)
        let other = try SQLiteDatabase(path: self.scene.database, options: options)
        try other.begin()
        for _ in 0..<100 { self.scene.request(edge, upstream) }
        #expect(throws: DatabaseError.self) { try self.scene.step(tail) }
        #expect(tail.counts.databaseErrors == 1)
        #expect(tail.counts.records == 4)
        other.rollback()
        edge.close()
        upstream.close()
        try self.scene.drain(tail)
        #expect(try self.scene.count("SELECT count(*) FROM requests WHERE rank = 3") == 101)
        #expect(try self.scene.count("SELECT count(*) FROM calls") == 101)
        #expect(try self.scene.files() == [])
    }

    /// Whatever of a batch is refused, and however much of it was taken before: nothing of it counts, and all of it comes again.
    @Test(arguments: [0, 1, 2, 3, 31, 32, 33, 150, 399])
    func aRecordThatIsRefusedTakesItsBatchWithIt(taken: Int) throws {
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        for _ in 0..<100 { self.scene.request(edge, upstream) }
        let sink = FailingSink(try UsageWriter(path: self.scene.database))
        let tail = try self.scene.tail(into: sink)
        sink.adds = taken
        #expect(throws: DatabaseError.self) { try self.scene.step(tail) }
        #expect(sink.adds == nil && tail.counts.databaseErrors == 1 && tail.counts.records == 0)
        #expect(try sink.positions().isEmpty && tail.positions.isEmpty)
        #expect(try self.scene.count("SELECT count(*) FROM requests") == 0)
        try self.scene.drain(tail)
        #expect(tail.counts.records == 400)
        #expect(try self.scene.count("SELECT count(*) FROM requests WHERE rank = 3") == 100)
        #expect(try self.scene.count("SELECT count(*) FROM calls") == 100)
    }

    @Test(arguments: [0, 1]) func anOwnerThatIsRefusedTakesTheBatchWithIt(taken: Int) throws {
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        for _ in 0..<10 { self.scene.request(edge, upstream) }
        let sink = FailingSink(try UsageWriter(path: self.scene.database))
        let tail = try self.scene.tail(into: sink)
        sink.owners = taken
        #expect(throws: DatabaseError.self) { try self.scene.step(tail) }
        #expect(try sink.owners == nil && sink.positions().isEmpty)
        try self.scene.drain(tail)
        #expect(try self.scene.rows().count == 10)
        #expect(try self.scene.count("SELECT count(*) FROM calls") == 10)
        // Each is asked for once, however many batches follow.
        sink.owners = 0
        self.scene.request(edge, upstream)
        try self.scene.drain(tail)
        #expect(try self.scene.rows().count == 11 && sink.owners == 0)
    }
}
