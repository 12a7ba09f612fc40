import Domain
import EventLog
import Glibc
import Testing

@testable import Administration

@Suite(.enabled(if: geteuid() == 0, "only root can give files away")) struct StateOwnershipTests {
    private static let users = [
        RoleUser(role: .control, user: 4711, group: 4811), RoleUser(role: .aggregator, user: 4712, group: 4812),
        RoleUser(role: .upstream, user: 4713, group: 4813), RoleUser(role: .edge, user: 4714, group: 4814),
    ]

    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private var state: String { "\(self.folder.path)/state" }

    private func owner(_ name: String) -> [UInt32]? {
        var info = stat()
        guard unsafe lstat("\(self.state)/\(name)", &info) == 0 else { return nil }
        return [info.st_uid, info.st_gid, info.st_mode & 0o7777]
    }

    @Test func eachFolderBelongsToWhoWritesThere() throws {
        try StateOwnership.prepare(self.state, for: Self.users)
        #expect(self.owner(".") == [4711, 4811, 0o711])
        #expect(self.owner("run") == [4711, 4811, 0o700])
        #expect(self.owner("identity") == [4711, 4814, 0o2750])
        #expect(self.owner("limits") == [4712, 4814, 0o2750])
        #expect(self.owner("providers") == [4712, 4813, 0o2750])
        #expect(self.owner("usage") == [4712, 4812, 0o2750])
        #expect(self.owner("journal") == [4712, 4813, 0o3770])
    }

    @Test func whatIsThereIsGivenAway() throws {
        try self.folder.makeFolder("state", mode: 0o700)
        try self.folder.makeFolder("state/providers", mode: 0o700)
        try self.folder.write("state/providers/providers.table", [1])
        for name in ["instance", "control.db", "usage.db", "usage.db-wal", "limits.table", "identity.mdb-lock"] {
            try self.folder.write("state/\(name)", [1])
        }
        try StateOwnership.prepare(self.state, for: Self.users)
        #expect(self.owner("control.db") == [4711, 4811, 0o600])
        #expect(self.owner("usage/usage.db") == [4712, 4812, 0o640])
        #expect(self.owner("usage/usage.db-wal") == [4712, 4812, 0o640])
        #expect(self.owner("limits/limits.table") == [4712, 4814, 0o660])
        #expect(self.owner("providers/providers.table") == [4712, 4813, 0o660])
        #expect(self.owner("identity/identity.mdb-lock") == [4711, 4814, 0o660])
        // To one user, and again to that one.
        let one = Self.users.map { RoleUser(role: $0.role, user: 4720, group: 4820) }
        for _ in 0..<2 { try StateOwnership.prepare(self.state, for: one) }
        #expect(self.owner(".") == [4720, 4820, 0o700])
        #expect(self.owner("usage")?.prefix(2) == [4720, 4820] && self.owner("usage")?.last == 0o700)
        #expect(self.owner("usage/usage.db")?.prefix(2) == [4720, 4820])
    }

    /// Whoever works in the folder could have put it there.
    @Test func linksAreNotFollowed() throws {
        try self.folder.write("elsewhere", [1])
        try self.folder.write("twice", [1])
        try StateOwnership.prepare(self.state, for: Self.users)
        #expect(unsafe symlink("\(self.folder.path)/elsewhere", "\(self.state)/journal/link") == 0)
        #expect(unsafe link("\(self.folder.path)/twice", "\(self.state)/journal/twice") == 0)
        try self.folder.write("state/instance", [])
        try StateOwnership.prepare(self.state, for: Self.users)
        var info = stat()
        for name in ["elsewhere", "twice"] {
            #expect(unsafe lstat("\(self.folder.path)/\(name)", &info) == 0 && info.st_uid == 0)
        }
    }

    @Test func aFolderOfSomethingElseIsRefused() throws {
        try self.folder.makeFolder("state", mode: 0o755)
        try self.folder.write("state/letters", [1])
        let failure = #expect(throws: StartFailure.self) {
            try StateOwnership.prepare(self.state, for: Self.users)
        }
        #expect(failure?.code == 77 && self.owner("letters")?.first == 0 && self.owner(".")?.first == 0)
    }

    @Test func aFolderInUseIsLeftAlone() throws {
        _ = try StateDirectory(path: self.state)
        let lock = try InstanceFile.lock(in: StateDirectory(path: self.state)) { _ throws(StartFailure) in [1, 2, 3] }
        try StateOwnership.prepare(self.state, for: Self.users)
        #expect(self.owner(".")?.first == 0)
        _ = consume lock
    }
}
