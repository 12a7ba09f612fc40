import Domain
import EventLog
import Glibc
import Platform

/// The master key in the state folder: `control/master_key`, which only control's user can read.
///
/// During a rotation the new one is in `control/master_key.new` until the database is known to be sealed with it. Only the holder of
/// the instance file's lock may write.
struct MasterKeyFile: Hashable, Sendable {
    /// The key in force.
    static let current = MasterKeyFile(name: "\(StateLayout.controlFolder)/master_key")
    /// The key of a rotation that has not come to its end.
    static let next = MasterKeyFile(name: "\(StateLayout.controlFolder)/master_key.new")

    /// The key that the last rotation has changed from. What was sealed with it and is in no database, such as the configuration in force,
    /// can be opened with it until all of that is sealed anew.
    static let former = MasterKeyFile(name: "\(StateLayout.controlFolder)/master_key.former")

    /// In the state folder.
    let name: String

    /// The key in the file; nil when there is no file.
    func read(in directory: borrowing StateDirectory) throws(StartFailure) -> MasterKey? {
        guard let file = try directory.open(self.name, O_RDONLY) else { return nil }
        let size = try directory.checkedSize(of: file.number, self.name)
        let path = directory.path(of: self.name)
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = unsafe Glibc.read(file.number, &bytes, bytes.count)
        guard count >= 0 else { throw StateDirectory.failure("cannot read \(path)", ControlExitCode.stateDamaged) }
        var text = bytes.prefix(count)
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        guard size == count, let key = MasterKey(text: text) else {
            throw StartFailure(
                "\(path) is damaged: expected 64 hexadecimal digits; it is left as it is",
                code: ControlExitCode.stateDamaged)
        }
        return key
    }

    /// Keeps `key` instead of what was there. The file is there with the whole key or not at all.
    func write(_ key: MasterKey, in directory: borrowing StateDirectory) throws(StartFailure) {
        let path = directory.path(of: self.name)
        let unfinished = "\(self.name).unfinished"
        // Left over from a write that was interrupted.
        try directory.remove(unfinished)
        guard let file = try directory.open(unfinished, O_WRONLY | O_CREAT | O_EXCL) else {
            throw StartFailure("cannot create \(path)", code: ControlExitCode.cannotCreate)
        }
        let line = key.text + [UInt8(ascii: "\n")]
        guard fchmod(file.number, 0o600) == 0, unsafe Glibc.write(file.number, line, line.count) == line.count,
            fsync(file.number) == 0
        else { throw StateDirectory.failure("cannot write \(path)", ControlExitCode.cannotCreate) }
        try directory.rename(unfinished, to: self.name)
        try Self.sync(directory)
    }

    /// Puts this file into the place of the other.
    func replace(_ other: MasterKeyFile, in directory: borrowing StateDirectory) throws(StartFailure) {
        try directory.rename(self.name, to: other.name)
        try Self.sync(directory)
    }

    /// Seconds since the file was written; nil when there is none.
    func age(in directory: borrowing StateDirectory) throws(StartFailure) -> Int? {
        guard let file = try directory.open(self.name, O_RDONLY) else { return nil }
        var info = stat()
        guard unsafe fstat(file.number, &info) == 0 else { return nil }
        return time(nil) - info.st_mtim.tv_sec
    }

    /// Takes the file away; it may be missing.
    func remove(in directory: borrowing StateDirectory) throws(StartFailure) {
        try directory.remove(self.name)
        try Self.sync(directory)
    }

    /// Waits until the folder's list of files is on the disk.
    private static func sync(_ directory: borrowing StateDirectory) throws(StartFailure) {
        guard let folder = try directory.open(StateLayout.controlFolder, O_RDONLY | O_DIRECTORY),
            fsync(folder.number) == 0
        else {
            throw StateDirectory.failure(
                "cannot sync \(directory.path(of: StateLayout.controlFolder))", ControlExitCode.stateDamaged)
        }
    }
}
