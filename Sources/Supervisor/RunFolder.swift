import Glibc
import EventLog
import Platform

/// `STATE/run`, 0700: what a running gateway tells the programs beside it.
///
/// Where control has a user of its own, the folder is control's, and so is what is written here. The folder is held open: whoever owns
/// the folders above could put a link into its place, and this process may be root.
final class RunFolder {
    private static let listeners = "listeners"
    private static let processID = "supervisor.pid"

    private let path: String
    private let folder: OwnedDescriptor
    private let owner: (user: UInt32, group: UInt32)

    /// Makes the folder where it is missing.
    init(stateDirectory: String) throws(StartFailure) {
        let path = "\(stateDirectory)/run"
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Self.failure(path) }
        let folder = OwnedDescriptor(
            adopting: unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
        var info = stat()
        guard folder.number >= 0, unsafe fstat(folder.number, &info) == 0, fchmod(folder.number, 0o700) == 0 else {
            throw Self.failure(path)
        }
        self.path = path
        self.folder = folder
        self.owner = (info.st_uid, info.st_gid)
    }

    /// Writes the bound addresses, one a line.
    func write(listeners names: [String]) throws(StartFailure) {
        try self.replace(Self.listeners, names.map { $0 + "\n" }.joined())
    }

    /// Writes the supervisor's process id, for programs that reach it by signals only.
    func write(processID: Int32) throws(StartFailure) {
        try self.replace(Self.processID, "\(processID)\n")
    }

    /// Nobody listens any more, and there is no supervisor.
    func clear() {
        _ = unsafe unlinkat(self.folder.number, Self.listeners, 0)
        _ = unsafe unlinkat(self.folder.number, Self.processID, 0)
    }

    /// A reader sees the whole file or the one before.
    private func replace(_ name: String, _ text: String) throws(StartFailure) {
        let bytes = Array(text.utf8)
        let new = "\(name).new"
        let folder = self.folder.number
        _ = unsafe unlinkat(folder, new, 0)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        let file = OwnedDescriptor(adopting: unsafe openat(folder, new, flags, 0o600))
        guard file.number >= 0 else { throw Self.failure("\(self.path)/\(new)") }
        let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file.number, $0.baseAddress, $0.count) }
        guard written == bytes.count,
            self.owner.user == geteuid() || fchown(file.number, self.owner.user, self.owner.group) == 0,
            unsafe renameat(folder, new, folder, name) == 0
        else { throw Self.failure("\(self.path)/\(new)") }
    }

    private static func failure(_ path: String) -> StartFailure {
        StartFailure("\(path): \(SystemError.last("write").reason)")
    }
}
