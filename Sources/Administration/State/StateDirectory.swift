public import Glibc
public import EventLog
public import Platform

/// The folder of everything the gateway keeps: ours, closed to everybody else, held open.
///
/// Where roles have users of their own (`StateOwnership`), the folder can be passed through, and each folder inside belongs to
/// the role that writes there; its mode of 0711 tells. Else nobody but us gets in.
///
/// All its files are reached through the open descriptor, so that nobody can put another folder into its place between
/// a check and a use. Every failure is one line that names the path.
public struct StateDirectory: ~Copyable {
    /// Absolute.
    public let path: String
    private let descriptor: OwnedDescriptor
    /// The mode of a folder that several users of the gateway's pass through.
    static let sharedMode: mode_t = 0o711

    /// Opens the folder; makes it, and its own folders inside, where they are missing. The folder that holds it must exist.
    public init(path: String) throws(StartFailure) {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw Self.failure("cannot create the state directory \(path)", ControlExitCode.cannotCreate)
        }
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let descriptor = OwnedDescriptor(adopting: unsafe Glibc.open(path, flags))
        guard descriptor.number >= 0 else {
            throw Self.failure("cannot open the state directory \(path)", ControlExitCode.cannotCreate)
        }
        let isShared = try Self.isShared(descriptor.number, path)
        if !isShared { try Self.check(descriptor.number, "the state directory \(path)", advice: "chmod 700") }
        for name in StateLayout.folders where !isShared || StateLayout.ofControl.contains(name) {
            guard unsafe mkdirat(descriptor.number, name, 0o700) == 0 || errno == EEXIST else {
                throw Self.failure("cannot create \(path)/\(name)", ControlExitCode.cannotCreate)
            }
            let folder = OwnedDescriptor(adopting: unsafe openat(descriptor.number, name, flags | O_NOFOLLOW))
            guard folder.number >= 0 else {
                throw Self.failure("cannot open \(path)/\(name)", ControlExitCode.cannotCreate)
            }
            try Self.check(folder.number, "\(path)/\(name)", advice: "chmod 700")
        }
        self.path = path
        self.descriptor = descriptor
    }

    /// Whether roles have users of their own here, of which this process has control's.
    private static func isShared(_ folder: Int32, _ path: String) throws(StartFailure) -> Bool {
        var info = stat()
        guard unsafe fstat(folder, &info) == 0 else {
            throw Self.failure("cannot examine the state directory \(path)", ControlExitCode.stateDamaged)
        }
        return info.st_mode & 0o777 == Self.sharedMode && info.st_uid == geteuid() && geteuid() != 0
    }

    /// Moves files to the folders where they are kept since roles have users. Only while we hold the instance file's lock.
    public func takeOverFormerLayout() throws(StartFailure) {
        try StateLayout.moveFormerFiles(in: self.descriptor.number, self.path)
    }

    /// The path of a file inside, for messages.
    public func path(of name: String) -> String { "\(self.path)/\(name)" }

    /// Opens a file inside; a symbolic link is not followed. nil when it does not exist.
    public func open(_ name: String, _ flags: Int32, mode: mode_t = 0o600) throws(StartFailure) -> OwnedDescriptor? {
        let number = unsafe openat(self.descriptor.number, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode)
        guard number < 0 else { return OwnedDescriptor(adopting: number) }
        guard errno == ENOENT, flags & O_CREAT == 0 else {
            throw Self.failure("cannot open \(self.path(of: name))", ControlExitCode.stateDamaged)
        }
        return nil
    }

    /// The size of an open file of this folder, in bytes. Throws unless it is a plain file of ours, closed to others.
    public func checkedSize(of file: Int32, _ name: String) throws(StartFailure) -> Int {
        try Self.check(file, self.path(of: name), advice: "chmod 600")
        var info = stat()
        guard unsafe fstat(file, &info) == 0 else {
            throw Self.failure("cannot read \(self.path(of: name))", ControlExitCode.stateDamaged)
        }
        guard info.st_mode & S_IFMT == S_IFREG else {
            throw StartFailure("\(self.path(of: name)) is not a plain file", code: ControlExitCode.stateDamaged)
        }
        return Int(info.st_size)
    }

    /// Puts a file under another name of this folder.
    public func rename(_ name: String, to newName: String) throws(StartFailure) {
        guard unsafe renameat(self.descriptor.number, name, self.descriptor.number, newName) == 0 else {
            throw Self.failure("cannot rename \(self.path(of: name))", ControlExitCode.stateDamaged)
        }
    }

    /// Takes a file away; it may be missing.
    public func remove(_ name: String) throws(StartFailure) {
        guard unsafe unlinkat(self.descriptor.number, name, 0) == 0 || errno == ENOENT else {
            throw Self.failure("cannot remove \(self.path(of: name))", ControlExitCode.stateDamaged)
        }
    }

    /// Waits until the folder's list of files is on the disk.
    public func sync() throws(StartFailure) {
        guard fsync(self.descriptor.number) == 0 else {
            throw Self.failure("cannot sync the state directory \(self.path)", ControlExitCode.stateDamaged)
        }
    }

    /// A failure with the reason of the system call that has just failed.
    public static func failure(_ what: String, _ code: Int32) -> StartFailure {
        StartFailure("\(what): \(unsafe String(cString: strerror(errno)))", code: code)
    }

    private static func check(_ file: Int32, _ what: String, advice: String) throws(StartFailure) {
        var info = stat()
        guard unsafe fstat(file, &info) == 0 else {
            throw Self.failure("cannot examine \(what)", ControlExitCode.stateDamaged)
        }
        guard info.st_uid == geteuid() else {
            throw StartFailure(
                "\(what) belongs to user \(info.st_uid), but the gateway runs as user \(geteuid())",
                code: ControlExitCode.notPermitted)
        }
        guard info.st_mode & 0o077 == 0 else {
            throw StartFailure(
                "\(what) is open to other users (mode \(String(info.st_mode & 0o777, radix: 8))): \(advice) it",
                code: ControlExitCode.notPermitted)
        }
    }
}
