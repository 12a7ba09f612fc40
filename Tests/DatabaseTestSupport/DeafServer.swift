import Glibc

/// A TCP server that takes connections and never says a word.
public final class DeafServer {
    private let socket: Int32
    public let port: UInt16
    private var taken: [Int32] = []

    public init() throws {
        self.socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = self.socket
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(socket, address, length) == 0 && listen(socket, 16) == 0
                    && getsockname(socket, address, &length) == 0
            }
        }
        struct Failed: Error {}
        guard isBound else { throw Failed() }
        self.port = UInt16(bigEndian: address.sin_port)
    }

    /// Waits until there have been `count` connections, which stay open; false when the next takes longer than `milliseconds`.
    public func takes(_ count: Int, milliseconds: Int32) -> Bool {
        while self.taken.count < count {
            var entry = pollfd(fd: self.socket, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&entry, 1, milliseconds) == 1 else { return false }
            let connection = accept(self.socket, nil, nil)
            guard connection >= 0 else { return false }
            self.taken.append(connection)
        }
        return true
    }

    /// Ends all connections.
    public func hangUp() {
        for connection in self.taken { close(connection) }
        self.taken = []
    }

    deinit {
        self.hangUp()
        close(self.socket)
    }
}
