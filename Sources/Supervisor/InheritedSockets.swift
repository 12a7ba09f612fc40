import EventLog
import Glibc
import Platform

/// The rules for sockets that this process was started with: those of a service manager (sd_listen_fds(3)), or any
/// listening socket when none was announced.
struct InheritedSockets: Hashable {
    /// What `LISTEN_PID` and `LISTEN_FDS` say.
    private enum Announcement: Hashable {
        case none
        /// Meant for the process of that number.
        case foreign(String)
        case malformed(String)
        case passed(Int32)
    }

    private let announcement: Announcement
    private let processID: Int32

    /// Those of this process's environment.
    static let ofThisProcess = InheritedSockets(processID: getpid()) { name in
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// `variable` looks up the process's environment.
    init(processID: Int32, variable: (String) -> String?) {
        self.processID = processID
        if let text = variable("LISTEN_FDS"), !text.isEmpty {
            let owner = variable("LISTEN_PID") ?? ""
            if owner != String(processID) {
                self.announcement = .foreign(owner)
            } else if let count = Int32(text), (0...1021).contains(count) {
                self.announcement = .passed(count)
            } else {
                self.announcement = .malformed(text)
            }
        } else {
            self.announcement = .none
        }
    }

    /// Throws, with the reason, unless the descriptor `number` was passed to this process and is a socket on which
    /// connections can be accepted.
    func check(_ number: Int32) throws(StartFailure) {
        switch self.announcement {
        case .none: break
        case .foreign(let owner):
            throw Self.failure(
                number,
                owner.isEmpty
                    ? "LISTEN_FDS is in the environment but LISTEN_PID is not"
                    : "the sockets were passed to process \(owner) (LISTEN_PID), and this is process \(self.processID)")
        case .malformed(let text): throw Self.failure(number, "LISTEN_FDS=\(text) is no number of sockets")
        case .passed(let count) where number >= 3 + count:
            let passed =
                switch count {
                case 0: "no socket"
                case 1: "one socket, fd:3"
                default: "\(count) sockets, fd:3 to fd:\(2 + count)"
                }
            throw Self.failure(number, "the service manager passed \(passed)")
        case .passed: break
        }
        try Self.checkKind(of: number)
    }

    private static func checkKind(of number: Int32) throws(StartFailure) {
        guard fcntl(number, F_GETFD) >= 0 else {
            throw self.failure(number, "this process has no such descriptor (it was started without, or gave it up)")
        }
        guard let type = self.option(SO_TYPE, of: number) else { throw self.failure(number, "it is no socket") }
        guard type == Int32(SOCK_STREAM.rawValue) else {
            throw self.failure(number, "it is no stream socket (ListenStream= makes one)")
        }
        guard self.option(SO_ACCEPTCONN, of: number) == 1 else {
            throw self.failure(number, "the socket does not listen (Accept= must be no)")
        }
        guard let domain = self.option(SO_DOMAIN, of: number), [AF_INET, AF_INET6, AF_UNIX].contains(domain) else {
            throw self.failure(number, "the socket is neither of IPv4, nor of IPv6, nor a Unix socket")
        }
    }

    private static func option(_ name: Int32, of number: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(number, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }

    private static func failure(_ number: Int32, _ reason: String) -> StartFailure {
        StartFailure("cannot listen on fd:\(number): \(reason)")
    }
}
