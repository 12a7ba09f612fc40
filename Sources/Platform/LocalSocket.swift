import CLinux
import Glibc

/// Unix sockets between programs of one machine.
public enum LocalSocket {
    /// Connects to the socket at `path` and lets calls wait at most `patience` seconds each.
    public static func connect(path: String, patience: Int) throws(SystemError) -> OwnedDescriptor {
        let number = unsafe path.withCString { unsafe sluice_connect_unix($0) }
        guard number >= 0 else { throw SystemError.last("connect") }
        let descriptor = OwnedDescriptor(adopting: number)
        var time = timeval(tv_sec: patience, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            guard unsafe setsockopt(number, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size)) == 0
            else { throw SystemError.last("setsockopt") }
        }
        return descriptor
    }

    /// The next connection that waits at a listening socket; nil when there is none or it cannot be taken now.
    public static func accept(from listener: Int32) -> OwnedDescriptor? {
        let number = sluice_accept(listener)
        return number < 0 ? nil : OwnedDescriptor(adopting: number)
    }

    /// The user whose process is at the other end; nil when the kernel does not say.
    public static func peerUser(of socket: Int32) -> UInt32? {
        var user: UInt32 = 0
        return unsafe sluice_peer_user(socket, &user) == 0 ? user : nil
    }
}
