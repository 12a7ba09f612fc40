import Glibc
import Platform
import Testing

@Suite struct ListenerTests {
    private static let loopback: [UInt8] = [127, 0, 0, 1]

    @Test func portZeroBecomesARealOne() throws {
        let listener = try Listener(address: Self.loopback, port: 0)
        let parts = listener.name.split(separator: ":")
        #expect(parts.first == "127.0.0.1")
        let port = try #require(parts.last.flatMap { UInt16($0) })
        #expect(port > 0)
        // Taken now.
        let failure = #expect(throws: SystemError.self) { _ = try Listener(address: Self.loopback, port: port) }
        #expect(failure?.code == EADDRINUSE)
    }

    @Test func theBacklogCanBeRestored() throws {
        let listener = try Listener(address: Self.loopback, port: 0)
        let full = Self.backlog(listener.number)
        #expect(full >= 128)
        #expect(listen(listener.number, 16) == 0)
        #expect(Self.backlog(listener.number) == 16)
        listener.restoreBacklog()
        #expect(Self.backlog(listener.number) == full)
    }

    @Test func addressesOfOtherLengthsAreRefused() {
        #expect(throws: SystemError.self) { _ = try Listener(address: [1, 2, 3], port: 0) }
    }

    @Test func aLeftoverSocketFileIsReplacedAndALiveOneIsNot() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/s"
        // A socket file that nobody listens on any more: bound, then closed.
        do {
            let dead = try Listener(path: path)
            #expect(unsafe rename(path, "\(path).kept") == 0)
            _ = dead.number
        }
        #expect(unsafe rename("\(path).kept", path) == 0)
        let listener = try Listener(path: path)
        #expect(listener.name == "unix:\(path)")
        let failure = #expect(throws: SystemError.self) { _ = try Listener(path: path) }
        #expect(failure?.code == EADDRINUSE)
    }

    @Test func theSocketFileGoesWithTheListener() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/s"
        do { _ = try Listener(path: path) }
        #expect(unsafe access(path, F_OK) == -1)
    }

    @Test(arguments: [mode_t(0o600), 0o700, 0o777]) func theSocketFileHasNoMoreThanItsMode(_ mode: mode_t) throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/s"
        let listener = try Listener(path: path, mode: UInt16(mode))
        #expect(listener.number >= 0)
        var info = stat()
        #expect(unsafe stat(path, &info) == 0)
        // The umask of the tests takes what it takes, but nothing from the owner.
        #expect(info.st_mode & 0o700 == mode & 0o700)
        #expect(info.st_mode & 0o777 & ~mode == 0)
    }

    @Test func anOrdinaryFileIsNotReplaced() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/file"
        close(unsafe open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600))
        let failure = #expect(throws: SystemError.self) { _ = try Listener(path: path) }
        #expect(failure?.code == EADDRINUSE)
        #expect(unsafe access(path, F_OK) == 0)
    }

    @Test func onlyAListeningSocketCanBeInherited() throws {
        let pair = try SocketPair(.stream)
        let failure = #expect(throws: SystemError.self) { _ = try Listener(inherited: pair.first.number) }
        #expect(failure?.code == ENOTSOCK)
        let own = try Listener(address: Self.loopback, port: 0)
        let copy = dup(own.number)
        let inherited = try Listener(inherited: copy)
        #expect(inherited.name == own.name)
    }

    @Test func anInheritedSocketGetsTheOptionsOfOurs() throws {
        func option(_ name: Int32, of number: Int32) -> Int32 {
            var value: Int32 = -1
            var length = socklen_t(MemoryLayout<Int32>.size)
            _ = unsafe getsockopt(number, Int32(IPPROTO_TCP), name, &value, &length)
            return value
        }
        // As somebody else makes it: none of our options, and a queue for one connection.
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #expect(listen(number, 1) == 0)
        let inherited = try Listener(inherited: number)
        let own = try Listener(address: Self.loopback, port: 0)
        for name in [TCP_NODELAY, TCP_NOTSENT_LOWAT] {
            #expect(option(name, of: inherited.number) == option(name, of: own.number))
        }
        #expect(option(TCP_NODELAY, of: inherited.number) == 1)
        #expect(Self.backlog(inherited.number) == Self.backlog(own.number))
        #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(number, F_GETFL) & O_NONBLOCK != 0)
    }

    /// `tcpi_sacked` of a listening socket is its backlog.
    private static func backlog(_ number: Int32) -> UInt32 {
        var info = [UInt8](repeating: 0, count: 64)
        var length = socklen_t(info.count)
        guard unsafe getsockopt(number, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0 else { return 0 }
        return unsafe info.withUnsafeBytes { unsafe $0.load(fromByteOffset: 28, as: UInt32.self) }
    }
}
