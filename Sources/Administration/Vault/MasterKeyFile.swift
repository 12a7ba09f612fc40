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
        try directory.line(of: self.name, expected: "64 hexadecimal digits") { MasterKey(text: $0) }
    }

    /// Keeps `key` instead of what was there. The file is there with the whole key or not at all.
    func write(_ key: MasterKey, in directory: borrowing StateDirectory) throws(StartFailure) {
        try directory.write(line: key.text, to: self.name, by: "\(self.name).unfinished")
    }

    /// Puts this file into the place of the other.
    func replace(_ other: MasterKeyFile, in directory: borrowing StateDirectory) throws(StartFailure) {
        try directory.replace(other.name, with: self.name)
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
        try directory.removeForGood(self.name)
    }
}
