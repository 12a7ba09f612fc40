import Foundation
import Glibc
import EventLog
import Platform
import Testing

@testable import Administration

@Suite struct InstanceFileTests {
    private let folder: TemporaryFolder
    private let directory: String

    init() throws {
        self.folder = try TemporaryFolder()
        self.directory = "\(self.folder.path)/state"
        _ = try StateDirectory(path: self.directory)
    }

    private func lock(host: [UInt8] = [0x12, 0x34, 0x56]) throws(StartFailure) -> InstanceFile {
        try InstanceFile.lock(in: StateDirectory(path: self.directory)) { _ throws(StartFailure) in host }
    }

    private func failure() -> StartFailure? {
        do throws(StartFailure) {
            _ = try self.lock()
            return nil
        } catch {
            return error
        }
    }

    @Test func aNewFileGetsARandomHost() throws {
        let file = try self.lock()
        #expect(file.record == InstanceRecord(host: 0x123456, counter: 0))
        #expect(
            self.folder.read("state/instance")
                == [0x53, 0x4C, 0x49, 0x31, 0, 0x12, 0x34, 0x56, 0, 0, 0, 0, 0, 0, 0, 0])
        #expect(self.folder.mode("state/instance") == 0o600)
    }

    @Test func theHostStaysAndTheCounterIsRead() throws {
        try self.folder.write("state/instance", InstanceRecord(host: 7, counter: 99).bytes)
        let file = try self.lock(host: [1, 1, 1])
        #expect(file.record == InstanceRecord(host: 7, counter: 99))
    }

    @Test func aFileThatWasNeverWrittenCountsAsNew() throws {
        try self.folder.write("state/instance", [])
        #expect(try self.lock().record.host == 0x123456)
    }

    @Test func aLockThatIsHeldForAMomentIsWaitedFor() throws {
        let first = try self.lock()
        let copy = try OwnedDescriptor.copy(of: first.descriptor.number).release()
        _ = consume first
        let releases = Thread {
            usleep(50_000)
            close(copy)
        }
        releases.start()
        let folder = try StateDirectory(path: self.directory)
        let second = try InstanceFile.lock(in: folder, patience: 10_000) { _ throws(StartFailure) in [1, 2, 3] }
        #expect(second.record.host == 0x123456)
    }

    @Test func twoGatewaysCannotShareAStateFolder() throws {
        let first = try self.lock()
        let failure = self.failure()
        #expect(failure?.code == 75)
        #expect(failure?.message == "another gateway is running with the state directory \(self.directory)")
        // A duplicate holds the lock as well: that is how the supervisor gets it.
        let duplicate = try OwnedDescriptor.copy(of: first.descriptor.number).release()
        _ = consume first
        #expect(self.failure()?.code == 75)
        close(duplicate)
        #expect(self.failure() == nil)
    }

    @Test(arguments: [
        [0x53, 0x4C, 0x49, 0x31] + [UInt8](repeating: 0, count: 11),
        [0x53, 0x4C, 0x49, 0x31] + [UInt8](repeating: 0, count: 13),
        [0x53, 0x4C, 0x49, 0x32] + [UInt8](repeating: 0, count: 12),
        [0x53, 0x4C, 0x49, 0x31, 1] + [UInt8](repeating: 0, count: 11),
        [0x53, 0x4C, 0x49, 0x31, 0, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 7),
        [0x53, 0x4C, 0x49, 0x31] + [UInt8](repeating: 0, count: 11) + [1],
    ])
    func aDamagedFileIsNamedAndLeftAlone(_ bytes: [UInt8]) throws {
        try self.folder.write("state/instance", bytes)
        let failure = self.failure()
        #expect(failure?.code == 74)
        #expect(failure?.message.hasPrefix("\(self.directory)/instance is damaged") == true)
        #expect(self.folder.read("state/instance") == bytes)
    }

    @Test func aSymbolicLinkIsNotFollowed() throws {
        try self.folder.write("elsewhere", InstanceRecord(host: 1, counter: 1).bytes)
        #expect(unsafe symlink("\(self.folder.path)/elsewhere", "\(self.directory)/instance") == 0)
        #expect(self.failure()?.code == 74)
    }

    @Test func aFifoDoesNotHang() throws {
        #expect(unsafe mkfifo("\(self.directory)/instance", 0o600) == 0)
        #expect(self.failure() != nil)
    }

    @Test func aFileOthersCanWriteIsRefused() throws {
        try self.folder.write("state/instance", InstanceRecord(host: 1, counter: 1).bytes, mode: 0o666)
        #expect(self.failure()?.code == 77)
    }

    @Test func theHandedBackFileIsReadWithoutLocking() throws {
        let first = try self.lock()
        let again = try OwnedDescriptor.copy(of: first.descriptor.number)
        let file = try InstanceFile(handedBack: again, path: "x")
        #expect(file.record == first.record)
    }

    @Test func recordsReadBack() {
        for (host, counter) in [(UInt32(0), UInt32(0)), (0xFF_FFFF, 0xFF_FFFF), (0x010203, 0x040506)] {
            let record = InstanceRecord(host: host, counter: counter)
            #expect(InstanceRecord(record.bytes) == record)
        }
    }
}
