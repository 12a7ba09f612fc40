import Glibc
import EventLog
import Platform

/// `STATE/run`, 0700: what a running gateway tells the programs beside it.
struct RunFolder {
    private let path: String
    private var listeners: String { "\(self.path)/listeners" }

    /// Makes the folder where it is missing.
    init(stateDirectory: String) throws(StartFailure) {
        self.path = "\(stateDirectory)/run"
        var info = stat()
        guard unsafe mkdir(self.path, 0o700) == 0 || errno == EEXIST, unsafe lstat(self.path, &info) == 0,
            info.st_mode & S_IFMT == S_IFDIR, unsafe chmod(self.path, 0o700) == 0
        else { throw Self.failure(self.path) }
    }

    /// Writes the bound addresses, one a line; a reader sees the whole file or none.
    func write(listeners names: [String]) throws(StartFailure) {
        let bytes = Array(names.map { $0 + "\n" }.joined().utf8)
        let new = "\(self.listeners).new"
        _ = unsafe unlink(new)
        let file = OwnedDescriptor(adopting: unsafe open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
        guard file.number >= 0 else { throw Self.failure(new) }
        let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file.number, $0.baseAddress, $0.count) }
        guard written == bytes.count, unsafe rename(new, self.listeners) == 0 else { throw Self.failure(new) }
    }

    /// Nobody listens any more.
    func removeListeners() {
        _ = unsafe unlink(self.listeners)
    }

    private static func failure(_ path: String) -> StartFailure {
        StartFailure("sluice: \(path): \(SystemError.last("write").reason)")
    }
}
