import CLinux

/// Single datagrams to a Unix socket, such as the service manager's.
public enum UnixDatagram {
    /// Sends `bytes` to the socket at `path`; a leading `@` stands for an abstract name. Waits
    /// up to 200 ms for room there.
    public static func send(_ bytes: [UInt8], to path: String) throws(SystemError) {
        let result = unsafe path.withCString { name in
            unsafe bytes.withUnsafeBytes { unsafe sluice_send_datagram(name, $0.baseAddress, $0.count) }
        }
        guard result == 0 else { throw SystemError.last("sendto") }
    }
}
