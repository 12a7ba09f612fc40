import Glibc
import EventLog
import Testing

@testable import Administration

@Suite struct StateDirectoryTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private func failure(_ name: String) -> StartFailure? {
        do throws(StartFailure) {
            _ = try StateDirectory(path: "\(self.folder.path)/\(name)")
            return nil
        } catch {
            return error
        }
    }

    @Test func aNewFolderIsClosedToOthers() throws {
        let directory = try StateDirectory(path: "\(self.folder.path)/state")
        #expect(directory.path == "\(self.folder.path)/state")
        #expect(self.folder.mode("state") == 0o700)
        #expect(self.folder.mode("state/run") == 0o700)
    }

    @Test func anExistingFolderIsTakenAsItIs() throws {
        try self.folder.makeFolder("state", mode: 0o700)
        try self.folder.write("state/kept", [1, 2])
        #expect(self.failure("state") == nil)
        #expect(self.failure("state") == nil)
        #expect(self.folder.read("state/kept") == [1, 2])
    }

    @Test(arguments: [mode_t(0o750), 0o707, 0o701, 0o770]) func aFolderOpenToOthersIsRefused(_ mode: mode_t) throws {
        try self.folder.makeFolder("state", mode: mode)
        let failure = self.failure("state")
        #expect(failure?.code == 77)
        #expect(failure?.message.contains("\(self.folder.path)/state is open to other users") == true)
        #expect(self.folder.mode("state") == mode)
        #expect(self.folder.mode("state/run") == nil)
    }

    @Test func anOpenRunFolderIsRefused() throws {
        try self.folder.makeFolder("state", mode: 0o700)
        try self.folder.makeFolder("state/run", mode: 0o755)
        #expect(self.failure("state")?.code == 77)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
    func aFolderOfSomebodyElseIsRefused() throws {
        try self.folder.makeFolder("state", mode: 0o700)
        #expect(unsafe chown("\(self.folder.path)/state", 4711, 4711) == 0)
        let failure = self.failure("state")
        #expect(failure?.code == 77)
        #expect(failure?.message.contains("belongs to user 4711") == true)
    }

    @Test func aFileInItsPlaceIsRefused() throws {
        try self.folder.write("state", [])
        #expect(self.failure("state")?.code == 73)
    }

    @Test func theFolderAboveMustExist() {
        let failure = self.failure("missing/state")
        #expect(failure?.code == 73)
        #expect(failure?.message.contains("No such file or directory") == true)
    }
}
