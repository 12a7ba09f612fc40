import Glibc
import Platform

/// Answers 413 to the first bytes of whatever comes and reads no more; then it closes the connection, or leaves it open.
final class RefusingServer: DescriptorHandler {
    private let loop: EpollLoop
    private let closes: Bool
    private let listener: LoopbackListener
    private var connection: Int32 = -1

    var port: Int { self.listener.port }

    init(_ loop: EpollLoop, closes: Bool) throws {
        self.loop = loop
        self.closes = closes
        self.listener = try LoopbackListener(backlog: 4)
        try loop.watch(self.listener.descriptor.number, for: .readable, handler: self)
    }

    deinit {
        if self.connection >= 0 { close(self.connection) }
    }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        guard fd != self.listener.descriptor.number else {
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
