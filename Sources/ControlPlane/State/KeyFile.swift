import Administration
import Domain
import Glibc
import EventLog
import Platform

/// A file of the state folder that holds the first key until somebody has it.
///
/// Only the holder of the instance file's lock may use this.
struct KeyFile: Hashable, Sendable {
    /// Where the key stays when there is no terminal to show it on.
    static let kept = KeyFile(name: "static_key")
    /// Where it waits until it is shown.
    static let unseen = KeyFile(name: "first_key")

    let name: String

    /// The key in the file; nil when there is no file.
    func read(in directory: borrowing StateDirectory) throws(StartFailure) -> Secret? {
        guard let file = try directory.open(self.name, O_RDONLY) else { return nil }
        let size = try directory.checkedSize(of: file.number, self.name)
        let path = directory.path(of: self.name)
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = unsafe Glibc.read(file.number, &bytes, bytes.count)
        guard count >= 0 else { throw StateDirectory.failure("cannot read \(path)", ControlExitCode.stateDamaged) }
        var key = bytes.prefix(count)
        if key.last == UInt8(ascii: "\n") { key.removeLast() }
        guard size == count, (16...512).contains(key.count), key.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw StartFailure(
                "\(path) is damaged: expected one key of 16 to 512 printable ASCII characters; it is left as it is",
                code: ControlExitCode.stateDamaged)
        }
        return Secret(Array(key))
    }

    /// Keeps `key`. The file is there with the whole key or not at all.
    func write(_ key: Secret, in directory: borrowing StateDirectory) throws(StartFailure) {
        let path = directory.path(of: self.name)
        let unfinished = "\(self.name).new"
        // Left over from a start that was interrupted.
        try directory.remove(unfinished)
        guard let file = try directory.open(unfinished, O_WRONLY | O_CREAT | O_EXCL) else {
            throw StartFailure("cannot create \(path)", code: ControlExitCode.cannotCreate)
        }
        let line = key.withBytes { $0 + [UInt8(ascii: "\n")] }
        guard fchmod(file.number, 0o600) == 0, unsafe Glibc.write(file.number, line, line.count) == line.count,
            fsync(file.number) == 0
        else { throw StateDirectory.failure("cannot write \(path)", ControlExitCode.cannotCreate) }
        try directory.rename(unfinished, to: self.name)
        try directory.sync()
    }

    /// Takes the file away; it may be missing.
    func remove(in directory: borrowing StateDirectory) throws(StartFailure) {
        try directory.remove(self.name)
        try directory.sync()
    }
}
