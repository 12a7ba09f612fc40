import Glibc
import EventLog
import Platform

/// `STATE/run`, 0700: what a running gateway tells the programs beside it.
struct RunFolder {
    private let path: String
    private var listeners: String { "\(self.path)/listeners" }
    private var processID: String { "\(self.path)/supervisor.pid" }

    /// Makes the folder where it is missing.
    init(stateDirectory: String) throws(StartFailure) {
        self.path = "\(stateDirectory)/run"
        var info = stat()
        guard unsafe mkdir(self.path, 0o700) == 0 || errno == EEXIST, unsafe lstat(self.path, &info) == 0,
            info.st_mode & S_IFMT == S_IFDIR, unsafe chmod(self.path, 0o700) == 0
        else { throw Self.failure(self.path) }
    }

    /// Writes the bound addresses, one a line.
    func write(listeners names: [String]) throws(StartFailure) {
        try self.replace(self.listeners, names.map { $0 + "\n" }.joined())
    }

    /// Writes the supervisor's process id, for programs that reach it by signals only.
    func write(processID: Int32) throws(StartFailure) {
        try self.replace(self.processID, "\(processID)\n")
    }

    /// Nobody listens any more, and there is no supervisor.
    func clear() {
        _ = unsafe unlink(self.listeners)
        _ = unsafe unlink(self.processID)
    }

    /// A reader sees the whole file or the one before.
    private func replace(_ path: String, _ text: String) throws(StartFailure) {
        let bytes = Array(text.utf8)
        let new = "\(path).new"
        _ = unsafe unlink(new)
        let file = OwnedDescriptor(adopting: unsafe open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
        guard file.number >= 0 else { throw Self.failure(new) }
        let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file.number, $0.baseAddress, $0.count) }
        guard written == bytes.count, unsafe rename(new, path) == 0 else { throw Self.failure(new) }
    }

    private static func failure(_ path: String) -> StartFailure {
        StartFailure("\(path): \(SystemError.last("write").reason)")
    }
}
