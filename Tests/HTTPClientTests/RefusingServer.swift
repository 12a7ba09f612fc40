import Glibc
import Platform

/// Answers 413 to the first bytes of whatever comes and reads no more; then it closes the connection, or leaves it open.
final class RefusingServer: DescriptorHandler {
    let port: Int
    private let loop: EpollLoop
    private let closes: Bool
    private let listener: OwnedDescriptor
    private var connection: Int32 = -1

    init(_ loop: EpollLoop, closes: Bool) throws {
        self.loop = loop
        self.closes = closes
        self.listener = OwnedDescriptor(
            adopting: socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let number = self.listener.number
        let bound = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(number, $0, size) == 0 && listen(number, 4) == 0 && getsockname(number, $0, &size) == 0
            }
        }
        guard bound else { throw SystemError.last("bind") }
        self.port = Int(UInt16(bigEndian: address.sin_port))
        try loop.watch(number, for: .readable, handler: self)
    }

    deinit {
        if self.connection >= 0 { close(self.connection) }
    }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        guard fd != self.listener.number else {
            self.connection = accept(fd, nil, nil)
            try? self.loop.watch(self.connection, for: .readable, handler: self)
            return
        }
        var buffer = [UInt8](repeating: 0, count: 1000)
        _ = unsafe read(fd, &buffer, buffer.count)
        let reply = Array("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno".utf8)
        _ = unsafe send(fd, reply, reply.count, Int32(MSG_NOSIGNAL))
        self.loop.forget(fd)
        guard self.closes else { return }
        close(fd)
        self.connection = -1
    }
}
