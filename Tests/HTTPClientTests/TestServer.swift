import Glibc
import Platform

/// A raw HTTP/1.1 server on the test's own loop: it hands each whole request to a closure, which writes any bytes it likes.
final class TestServer: DescriptorHandler {
    /// A request as it came over the wire.
    struct Request {
        var head: String
        var body: [UInt8]

        var lines: [String] { self.head.split(separator: "\r\n").map(String.init) }
    }

    /// One accepted connection.
    final class Connection: DescriptorHandler {
        let number: Int
        let server: TestServer
        private var socket: Int32
        private var input: [UInt8] = []
        private var output: [UInt8] = []
        private var written = 0
        private var closesWhenWritten = false
        private(set) var requests = 0
        /// Bytes the kernel took.
        private(set) var sent = 0

        init(_ socket: Int32, number: Int, server: TestServer) throws {
            self.socket = socket
            self.number = number
            self.server = server
            try server.loop.watch(socket, for: [.readable, .readHangUp], handler: self)
        }

        var isOpen: Bool { self.socket >= 0 }

        func send(_ text: String) { self.send(Array(text.utf8)) }

        func send(_ bytes: [UInt8]) {
            self.output.append(contentsOf: bytes)
            self.flush()
        }

        /// A whole reply.
        func reply(_ body: String, status: String = "200 OK", headers: String = "") {
            self.send(
                "HTTP/1.1 \(status)\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\(headers)\r\n"
                    + body)
        }

        func close() {
            guard self.written == self.output.count else {
                self.closesWhenWritten = true
                return
            }
            self.end()
        }

        /// Ends with RST instead of FIN.
        func reset() {
            var option = linger(l_onoff: 1, l_linger: 0)
            unsafe setsockopt(
                self.socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            self.end()
        }

        private func end() {
            guard self.socket >= 0 else { return }
            self.server.loop.forget(self.socket)
            Glibc.close(self.socket)
            self.socket = -1
            self.server.ended(self)
        }

        func ready(_ fd: Int32, _ readiness: Readiness) {
            if readiness.contains(.writable) { self.flush() }
            guard self.isOpen, !readiness.isDisjoint(with: [.readable, .readHangUp, .hangUp, .failed]) else { return }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe read(self.socket, &buffer, buffer.count)
            if count < 0 && errno == EAGAIN { return }
            guard count > 0 else { return self.end() }
            self.input.append(contentsOf: buffer[0..<count])
            while self.isOpen, let request = self.nextRequest() {
                self.requests += 1
                self.server.requests += 1
                self.server.handler(self, request)
            }
        }

        private func nextRequest() -> Request? {
            let mark: [UInt8] = [13, 10, 13, 10]
            guard
                let end = (0...max(0, self.input.count - 4)).first(where: {
                    self.input.dropFirst($0).starts(with: mark)
                })
            else { return nil }
            let head = String(decoding: self.input[0..<end], as: UTF8.self)
            let length = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                .flatMap { Int($0.dropFirst(15).filter { $0 != " " }) }
            let total = end + 4 + (length ?? 0)
            guard self.input.count >= total else { return nil }
            let body = Array(self.input[(end + 4)..<total])
            self.input.removeFirst(total)
            return Request(head: head, body: body)
        }

        private func flush() {
            while self.isOpen && self.written < self.output.count {
                let count = unsafe self.output.withUnsafeBytes {
                    unsafe Glibc.send(
                        self.socket, $0.baseAddress.map { unsafe $0 + self.written }, $0.count - self.written,
                        Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else {
                    if errno != EAGAIN { return self.end() }
                    try? self.server.loop.change(self.socket, to: [.readable, .readHangUp, .writable])
                    return
                }
                self.written += count
                self.sent += count
            }
            guard self.isOpen else { return }
            self.output.removeAll(keepingCapacity: true)
            self.written = 0
            try? self.server.loop.change(self.socket, to: [.readable, .readHangUp])
            if self.closesWhenWritten { self.end() }
        }
    }

    let loop: EpollLoop
    var handler: (Connection, Request) -> Void
    /// Sent on each connection before anything was asked.
    var greeting = ""
    /// Connections that were accepted.
    private(set) var accepted = 0
    private(set) var closed = 0
    fileprivate(set) var requests = 0
    private(set) var connections: [Int: Connection] = [:]
    private let listener: LoopbackListener

    var port: Int { self.listener.port }

    init(_ loop: EpollLoop, handler: @escaping (Connection, Request) -> Void) throws {
        self.loop = loop
        self.handler = handler
        self.listener = try LoopbackListener(backlog: 1024)
        try loop.watch(self.listener.descriptor.number, for: .readable, handler: self)
    }

    var listenerNumber: Int32 { self.listener.descriptor.number }

    func url(_ path: String) -> String { "http://127.0.0.1:\(self.port)\(path)" }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        while true {
            let socket = accept(fd, nil, nil)
            guard socket >= 0 else { return }
            _ = fcntl(socket, F_SETFL, O_NONBLOCK)
            var one: Int32 = 1
            unsafe setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            self.accepted += 1
            guard let connection = try? Connection(socket, number: self.accepted, server: self) else { continue }
            self.connections[self.accepted] = connection
            if !self.greeting.isEmpty { connection.send(self.greeting) }
        }
    }

    fileprivate func ended(_ connection: Connection) {
        self.closed += 1
        self.connections[connection.number] = nil
    }
}
