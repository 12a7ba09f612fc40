import EventLog
import Glibc
import Identity
import Limits
import Platform
import UsageStore

/// Where files are in the state folder: each role's in a folder of its own, so that another role can be kept out of it.
enum StateLayout {
    /// For the operators' socket and the list of listeners; control's.
    static let runFolder = "run"
    /// For what control alone knows: the master key.
    static let controlFolder = "control"
    /// Those that control makes itself where each role has a user.
    static let ofControl = [Self.runFolder, Self.controlFolder]
    /// All folders inside.
    static let folders = [Self.runFolder, Self.controlFolder, "journal", "identity", "limits", "providers", "usage"]

    /// Files that were in the state folder itself once, with the folders they are in now.
    private static let moved: [(folder: String, file: String)] =
        ["", "-lock", "-gate"].map { ("identity", IdentityTable.fileName + $0) }
        + [("limits", LimitTable.fileName)]
        + ["", "-wal", "-shm"].map { ("usage", UsageSchema.fileName + $0) }

    /// Moves files of a former version to where they are looked for, and leaves a link to the usage database, which people read.
    /// Nothing is replaced. Only for the holder of the instance file's lock.
    static func moveFormerFiles(in state: Int32, _ path: String) throws(StartFailure) {
        for (folder, file) in Self.moved {
            let target = "\(folder)/\(file)"
            var info = stat()
            guard unsafe fstatat(state, file, &info, AT_SYMLINK_NOFOLLOW) == 0, info.st_mode & S_IFMT == S_IFREG,
                unsafe fstatat(state, target, &info, AT_SYMLINK_NOFOLLOW) != 0, errno == ENOENT
            else { continue }
            // The folder may belong to another user by now, who could have put a link in its place.
            let inner = OwnedDescriptor(
                adopting: unsafe openat(state, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW))
            guard inner.number >= 0, unsafe renameat(state, file, inner.number, file) == 0 else {
                throw StateDirectory.failure("cannot move \(path)/\(file) to \(target)", ControlExitCode.stateDamaged)
            }
        }
        _ = unsafe symlinkat("usage/\(UsageSchema.fileName)", state, UsageSchema.fileName)
    }
}
