import Domain
import Foundation
import Synchronization
import Testing

@testable import Journal

/// A disk that is full or broken. The small disk is a tmpfs, which only root can mount.
@Suite(.serialized) struct DiskFaultTests {
    /// A mounted tmpfs that goes away with its owner.
    final class SmallDisk {
        static let isPossible: Bool = {
            guard geteuid() == 0, let folder = try? TemporaryFolder() else { return false }
            return (try? SmallDisk(folder, kibibytes: 64)) != nil
        }()

        let folder: TemporaryFolder

        init(_ folder: TemporaryFolder, kibibytes: Int) throws {
            self.folder = folder
            try SmallDisk.call("mount", "-t", "tmpfs", "-o", "size=\(kibibytes)k", "tmpfs", folder.path)
        }

        private static func call(_ arguments: String...) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = arguments
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
        }

        deinit {
            try? SmallDisk.call("umount", self.folder.path)
        }
    }

    private static func writer(
        _ folder: TemporaryFolder, isStrict: Bool, instance: UInt32 = 1
    ) throws -> JournalWriter {
        try JournalWriter(
            folder: folder.path, owner: JournalOwner(host: 1, instance: instance, role: .edge),
            settings: JournalSettings(isStrict: isStrict, syncInterval: 10), segmentSize: 64 * 1024)
    }

    private static func records(_ folder: TemporaryFolder) throws -> [JournalRecord] {
        var reading = JournalFixture.Reading()
        for segment in try JournalFolder.contents(folder.path).segments {
            try JournalFixture.read(segment, into: &reading)
        }
        #expect(reading.problems.isEmpty)
        return reading.records
    }

    @Test(.enabled(if: SmallDisk.isPossible, "needs root to mount a tmpfs"), arguments: [true, false])
    func aFullDisk(isStrict: Bool) throws {
        let disk = try SmallDisk(try TemporaryFolder(), kibibytes: 400)
        let writer = try DiskFaultTests.writer(disk.folder, isStrict: isStrict)
        var admitted: [(UInt64, JournalWriter.Admission)] = []
        var number: UInt64 = 0
        var tried = 0
        let isFull = eventually {
            let admission = writer.begin(JournalFixture.begin(number))
            admitted.append((number, admission))
            number += 1
            tried += 1
            return admission != .recorded && writer.spaceErrors > 0
        }
        #expect(isFull)
        #expect(admitted.last?.1 == (isStrict ? .refused : .unrecorded))
        for (id, admission) in admitted {
            writer.settle(JournalFixture.settle(id), admission)
            tried += admission == .refused ? 0 : 1
        }
        let refused = admitted.count { $0.1 == .refused }
        // The counter is what is missing, exactly.
        let written = try DiskFaultTests.records(disk.folder)
        #expect(written.count + Int(writer.lost) == tried - refused)
        #expect(isStrict == (writer.lost == 0))

        // Room again, as when the aggregator has read and removed segments: it goes on, without a restart.
        for segment in try JournalFolder.contents(disk.folder.path).segments {
            let reader = try SegmentReader(segment)
            while case .record = try reader.next(ownerIsGone: false) {}
            guard try reader.next(ownerIsGone: false) == .finished else { break }
            try JournalFolder.remove(segment)
        }
        let before = try DiskFaultTests.records(disk.folder).count
        var last: [JournalWriter.Admission] = []
        let goesOn = eventually {
            let admission = writer.begin(JournalFixture.begin(number))
            last.append(admission)
            return admission == .recorded
        }
        #expect(goesOn)
        writer.settle(JournalFixture.settle(number), .recorded)
        #expect(try DiskFaultTests.records(disk.folder).count == before + 2)
        writer.close()
    }

    @Test(.enabled(if: SmallDisk.isPossible, "needs root to mount a tmpfs"))
    func aDiskThatIsFullAtTheStart() throws {
        let disk = try SmallDisk(try TemporaryFolder(), kibibytes: 200)
        let filler = "\(disk.folder.path)/filler"
        try Data(count: 180 * 1024).write(to: URL(fileURLWithPath: filler))
        let writer = try DiskFaultTests.writer(disk.folder, isStrict: true)
        #expect(writer.begin(JournalFixture.begin(1)) == .refused)
        #expect(writer.isFull)
        #expect(writer.spaceErrors > 0)
        #expect(eventually { disk.folder.files == ["filler"] })
        try FileManager.default.removeItem(atPath: filler)
        #expect(eventually { writer.begin(JournalFixture.begin(1)) == .recorded })
        writer.close()
        #expect(try DiskFaultTests.records(disk.folder) == [.begin(JournalFixture.begin(1))])
    }

    @Test func anInputOutputErrorWhereASegmentIsMade() throws {
        let fixture = try JournalFixture()
        let operations = FailingOperations()
        let writer = try fixture.writer(operations: operations)
        operations.allocateCode.store(EIO, ordering: .relaxed)
        var open: [(UInt64, JournalWriter.Admission)] = []
        var number: UInt64 = 0
        #expect(
            eventually {
                let admission = writer.begin(JournalFixture.begin(number))
                if admission == .recorded { open.append((number, admission)) }
                number += 1
                return admission == .refused && writer.spaceErrors > 0
            })
        // What could not be made leaves nothing behind.
        #expect(fixture.folder.files.allSatisfy { $0.hasSuffix(".journal") || $0.hasSuffix(".journal.new") })
        for (id, admission) in open { writer.settle(JournalFixture.settle(id), admission) }
        #expect(writer.lost == 0)
        operations.allocateCode.store(0, ordering: .relaxed)
        #expect(eventually { writer.begin(JournalFixture.begin(number)) == .recorded })
        writer.close()
        #expect(try fixture.readAll().records.count == 2 * open.count + 1)
        #expect(fixture.folder.files.allSatisfy { $0.hasSuffix(".journal") })
    }

    @Test func anInputOutputErrorWhereASegmentIsSynced() throws {
        let fixture = try JournalFixture()
        let operations = FailingOperations()
        let writer = try fixture.writer(syncInterval: 1, operations: operations)
        #expect(writer.syncErrors == 0)
        operations.syncCode.store(EIO, ordering: .relaxed)
        let admission = writer.begin(JournalFixture.begin(1))
        #expect(admission == .recorded)
        #expect(eventually { writer.syncErrors > 0 })
        writer.settle(JournalFixture.settle(1), admission)
        writer.close()
        #expect(try fixture.readAll().records == [.begin(JournalFixture.begin(1)), .settle(JournalFixture.settle(1))])
    }

    @Test func whatWasWrittenIsSyncedAndNothingElseIs() throws {
        let fixture = try JournalFixture()
        let operations = FailingOperations()
        let writer = try fixture.writer(syncInterval: 1, operations: operations)
        _ = writer.begin(JournalFixture.begin(1))
        // The first segment's header, the second's, and the record.
        #expect(eventually { operations.syncs.load(ordering: .relaxed) == 3 })
        let before = operations.syncs.load(ordering: .relaxed)
        writer.close()
        #expect(operations.syncs.load(ordering: .relaxed) == before)
    }

    @Test func theFolderOfAllOwnersIsBounded() throws {
        let fixture = try JournalFixture()
        let bytes = 6 * 64 * 1024
        let writers = try (1...3).map { try fixture.writer(instance: UInt32($0), maxBytes: UInt64(bytes)) }
        var number: UInt64 = 0
        #expect(
            eventually {
                number += 1
                return writers.count { $0.begin(JournalFixture.begin(number)) == .refused } == 3
                    && writers.allSatisfy { $0.folderBytes > 5 * 64 * 1024 }
            })
        // Owners that look at the same moment may each make one more.
        #expect(try JournalFolder.bytes(fixture.path) <= UInt64(bytes + 2 * 64 * 1024))
        #expect(writers.allSatisfy { $0.spaceErrors == 0 })
        // A greater bound is enough to go on.
        for writer in writers { writer.update(JournalSettings(maxBytes: 1 << 30, syncInterval: 10)) }
        #expect(eventually { writers.allSatisfy { $0.begin(JournalFixture.begin(number)) == .recorded } })
        for writer in writers { writer.close() }
    }
}
