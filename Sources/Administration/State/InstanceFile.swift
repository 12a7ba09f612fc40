import Glibc
public import EventLog
public import Platform

/// The locked instance file: the proof that no other gateway uses this state folder, and where process numbers come
/// from.
///
/// The lock belongs to the open file description, so it lasts as long as any process of the tree holds the descriptor:
/// control hands it to the supervisor, which counts in it.
public struct InstanceFile: ~Copyable {
    public static let name = "instance"
    /// F_OFD_SETLK, which Swift's Glibc module does not show. The same on every architecture of Linux.
    private static let setLock: Int32 = 37
    /// F_OFD_GETLK.
    private static let getLock: Int32 = 36

    public let descriptor: OwnedDescriptor
    public let record: InstanceRecord

    /// Opens and locks the file. One that is new or still empty gets a host number made by `random`; nothing else is
    /// ever overwritten.
    ///
    /// - Parameter patience: Milliseconds to wait for somebody else's lock: a command of the stopped gateway holds it for a moment.
    public static func lock(
        in directory: borrowing StateDirectory, patience: UInt64 = 0, random: (Int) throws(StartFailure) -> [UInt8]
    ) throws(StartFailure) -> InstanceFile {
        let path = directory.path(of: Self.name)
        guard let descriptor = try directory.open(Self.name, O_RDWR | O_CREAT) else {
            throw StartFailure("cannot open \(path)", code: ControlExitCode.stateDamaged)
        }
        var request = flock()
        request.l_type = Int16(F_WRLCK)
        request.l_whence = Int16(SEEK_SET)
        request.l_start = 0
        request.l_len = 1
        let deadline = Clocks.monotonicNanoseconds() &+ patience &* 1_000_000
        while unsafe fcntl(descriptor.number, Self.setLock, &request) != 0 {
            if errno == EAGAIN || errno == EACCES, Clocks.monotonicNanoseconds() < deadline {
                usleep(10_000)
                continue
            }
            guard errno == EAGAIN || errno == EACCES else {
                throw StateDirectory.failure("cannot lock \(path)", ControlExitCode.stateDamaged)
            }
            throw StartFailure(
                "another gateway is running with the state directory \(directory.path)",
                code: ControlExitCode.stateInUse)
        }
        let size = try directory.checkedSize(of: descriptor.number, Self.name)
        guard size == 0 else {
            let record = try Self.read(descriptor.number, size: size, path)
            return InstanceFile(descriptor: descriptor, record: record)
        }
        let host = try random(3).prefix(3).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let record = InstanceRecord(host: host, counter: 0)
        let bytes = record.bytes
        guard unsafe pwrite(descriptor.number, bytes, bytes.count, 0) == bytes.count, fsync(descriptor.number) == 0
        else { throw StateDirectory.failure("cannot write \(path)", ControlExitCode.stateDamaged) }
        try directory.sync()
        return InstanceFile(descriptor: descriptor, record: record)
    }

    /// Whether somebody holds the lock: a gateway that runs, or for a moment a command. Touches nothing; throws where that cannot
    /// be told.
    public static func isLocked(stateDirectory: String) throws(StartFailure) -> Bool {
        let path = "\(stateDirectory)/\(Self.name)"
        let file = OwnedDescriptor(adopting: unsafe open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK))
        guard file.number >= 0 else {
            guard errno == ENOENT else {
                throw StateDirectory.failure("cannot open \(path)", ControlExitCode.stateDamaged)
            }
            return false
        }
        var request = flock()
        request.l_type = Int16(F_WRLCK)
        request.l_whence = Int16(SEEK_SET)
        request.l_len = 1
        guard unsafe fcntl(file.number, Self.getLock, &request) == 0 else {
            throw StateDirectory.failure("cannot read \(path)", ControlExitCode.stateDamaged)
        }
        return request.l_type != Int16(F_UNLCK)
    }

    /// The file that was locked by an earlier control and comes back from the supervisor.
    public init(handedBack descriptor: consuming OwnedDescriptor, path: String) throws(StartFailure) {
        var info = stat()
        guard unsafe fstat(descriptor.number, &info) == 0 else {
            throw StateDirectory.failure("cannot read \(path)", ControlExitCode.stateDamaged)
        }
        self.record = try Self.read(descriptor.number, size: Int(info.st_size), path)
        self.descriptor = descriptor
    }

    private init(descriptor: consuming OwnedDescriptor, record: InstanceRecord) {
        self.descriptor = descriptor
        self.record = record
    }

    private static func read(_ number: Int32, size: Int, _ path: String) throws(StartFailure) -> InstanceRecord {
        var bytes = [UInt8](repeating: 0, count: InstanceRecord.size)
        guard size == InstanceRecord.size, unsafe pread(number, &bytes, bytes.count, 0) == bytes.count,
            let record = InstanceRecord(bytes)
        else {
            throw StartFailure(
                "\(path) is damaged; it is left as it is. Without it the gateway starts with a new host number",
                code: ControlExitCode.stateDamaged)
        }
        return record
    }
}
