public import EventLog
import Glibc
import Platform

// Files with one line, a secret, that only we can read.
extension StateDirectory {
    /// Bytes of the longest file that is read.
    private static let longestLine = 1024

    /// What `read` makes of the line in a file; nil when there is no file. Throws where the file is not ours alone, and says that it is damaged
    /// where `read` makes nothing of it: `expected` tells what should be there.
    public func line<Value>(
        of name: String, expected: String, _ read: (ArraySlice<UInt8>) -> Value?
    ) throws(StartFailure) -> Value? {
        guard let file = try self.open(name, O_RDONLY) else { return nil }
        let size = try self.checkedSize(of: file.number, name)
        let path = self.path(of: name)
        var bytes = [UInt8](repeating: 0, count: Self.longestLine)
        let count = unsafe Glibc.read(file.number, &bytes, bytes.count)
        guard count >= 0 else { throw Self.failure("cannot read \(path)", ControlExitCode.stateDamaged) }
        var line = bytes.prefix(count)
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        guard size == count, let value = read(line) else {
            throw StartFailure(
                "\(path) is damaged: expected \(expected); it is left as it is", code: ControlExitCode.stateDamaged)
        }
        return value
    }

    /// Keeps a line instead of what was there, by way of a file of another name. The file is there with the whole line or not at all.
    public func write(line: [UInt8], to name: String, by unfinished: String) throws(StartFailure) {
        let path = self.path(of: name)
        // Left over from a write that was interrupted.
        try self.remove(unfinished)
        guard let file = try self.open(unfinished, O_WRONLY | O_CREAT | O_EXCL) else {
            throw StartFailure("cannot create \(path)", code: ControlExitCode.cannotCreate)
        }
        let bytes = line + [UInt8(ascii: "\n")]
        guard fchmod(file.number, 0o600) == 0, unsafe Glibc.write(file.number, bytes, bytes.count) == bytes.count,
            fsync(file.number) == 0
        else { throw Self.failure("cannot write \(path)", ControlExitCode.cannotCreate) }
        try self.replace(name, with: unfinished)
    }

    /// Puts a file into the place of another; it lasts when this returns.
    public func replace(_ name: String, with other: String) throws(StartFailure) {
        try self.rename(other, to: name)
        try self.sync(folderOf: name)
    }

    /// Takes a file away, which may be missing; it is gone for good when this returns.
    public func removeForGood(_ name: String) throws(StartFailure) {
        try self.remove(name)
        try self.sync(folderOf: name)
    }

    /// Waits until the list of files is on the disk that a file stands in: the folder's own, or that of a folder inside.
    private func sync(folderOf name: String) throws(StartFailure) {
        guard let slash = name.utf8.lastIndex(of: UInt8(ascii: "/")) else { return try self.sync() }
        let folder = String(name[..<slash])
        guard let inside = try self.open(folder, O_RDONLY | O_DIRECTORY), fsync(inside.number) == 0 else {
            throw Self.failure("cannot sync \(self.path(of: folder))", ControlExitCode.stateDamaged)
        }
    }
}
