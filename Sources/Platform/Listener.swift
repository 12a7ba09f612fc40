import CLinux
import Glibc

/// A listening socket, close-on-exec and non-blocking, shared with the processes that accept on it.
public final class Listener {
    /// Connections the kernel keeps until somebody accepts them.
    public static let backlog: Int32 = 4096

    private let descriptor: OwnedDescriptor
    /// The file to remove in the end, for a Unix socket made here.
    public let path: String?

    /// Listens on TCP: `address` is 4 or 16 bytes in network order, port 0 takes a free one.
    public init(address: [UInt8], port: UInt16, scope: UInt32 = 0) throws(SystemError) {
        guard address.count == 4 || address.count == 16 else { throw SystemError(operation: "bind", code: EINVAL) }
        let number = unsafe address.withUnsafeBufferPointer {
            unsafe sluice_listen_tcp($0.count == 16 ? 1 : 0, $0.baseAddress, port, scope, Self.backlog)
        }
        guard number >= 0 else { throw SystemError.last("listen") }
        self.descriptor = OwnedDescriptor(adopting: number)
        self.path = nil
    }

    /// Listens on a Unix path; a socket file nobody answers on is replaced. The file has no permissions but those of `mode`, from which the
    /// umask may take more.
    public init(path: String, mode: UInt16 = 0o777) throws(SystemError) {
        let number = unsafe path.withCString { unsafe sluice_listen_unix($0, Self.backlog, Int32(mode)) }
        guard number >= 0 else { throw SystemError.last("listen") }
        self.descriptor = OwnedDescriptor(adopting: number)
        self.path = path
    }

    /// Takes over an inherited listening socket, and gives it what sockets made here have; refuses what is none.
    public init(inherited number: Int32) throws(SystemError) {
        guard sluice_is_listening(number) == 1 else {
            throw SystemError(operation: "use the inherited socket", code: ENOTSOCK)
        }
        self.descriptor = OwnedDescriptor(adopting: number)
        self.path = nil
        guard sluice_set_cloexec(number, 1) == 0, sluice_set_nonblocking(number) == 0 else {
            throw SystemError.last("fcntl")
        }
        sluice_prepare_listener(number)
        self.restoreBacklog()
    }

    /// Takes over a listener of another program of this process.
    public init(adopting number: Int32, path: String?) {
        self.descriptor = OwnedDescriptor(adopting: number)
        self.path = path
    }

    deinit {
        if let path { _ = unsafe path.withCString { unsafe unlink($0) } }
    }

    public var number: Int32 { self.descriptor.number }

    /// The address it is bound to, as a person writes it: `127.0.0.1:80`, `[::1]:80`, `unix:/path`.
    public var name: String {
        var text = [UInt8](repeating: 0, count: 256)
        let length = unsafe text.withUnsafeMutableBytes {
            unsafe sluice_local_name(self.number, $0.bindMemory(to: CChar.self).baseAddress, $0.count)
        }
        return String(decoding: text.prefix(max(0, Int(length))), as: UTF8.self)
    }

    /// Restores the backlog, which whoever adopts the socket may have made smaller.
    public func restoreBacklog() {
        _ = sluice_listen_again(self.number, Self.backlog)
    }
}
