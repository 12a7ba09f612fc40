internal import Glibc
internal import Platform

/// A connection without TLS that libcurl has made and we have taken over: requests go out on it, and replies are read from it, one exchange
/// after the other (docs/decisions/0024-plain-connections.md).
///
/// Owns the socket, which the loop watches from the beginning to the end but while a reply is paused. Made and kept by one `HTTPClient`, on
/// whose loop it lives. It is idle, and in its pool, exactly while it has no transfer.
final class HTTPConnection: DescriptorHandler {
    /// Reads from one connection before others have their turn, of `ReadScratch.size` bytes each.
    private static let readsPerTurn = 4

    private let socket: StreamSocket
    private let loop: EpollLoop
    /// It closes its connections when it goes away.
    private unowned let client: HTTPClient
    private let pool: HTTPConnectionPool
    /// Its place in `HTTPClient.connectionsOfOurOwn`.
    var place = -1
    /// Monotonic nanoseconds.
    private(set) var idleSince: UInt64 = 0

    private var transfer: HTTPTransfer?
    private var reader = HTTPReplyReader(limit: HTTPClient.maximumHead)
    private var head: [UInt8] = []
    /// Bytes of head and body that have gone out.
    private var sent = 0
    private var length = 0
    private var receivedAny = false
    /// An earlier exchange went over this connection.
    private var isKept = false
    private var isPaused = false
    private var waitsForRoom = false
    /// The socket has failed. It says so once, so that its end is no regular one from then on.
    private var hasFailed = false

    init(
        _ descriptor: consuming OwnedDescriptor, loop: EpollLoop, client: HTTPClient, pool: HTTPConnectionPool
    ) throws(SystemError) {
        self.socket = try StreamSocket(descriptor)
        self.loop = loop
        self.client = client
        self.pool = pool
        try loop.watch(self.socket.number, for: .readable, handler: self)
    }

    /// Whether any byte of the running request may have reached the server.
    var sentAny: Bool { self.sent > 0 }

    // MARK: One exchange

    /// Sends the request. Of the connection's end its owner hears by the transfer's.
    func begin(_ transfer: HTTPTransfer, _ preamble: RequestPreamble) {
        self.transfer = transfer
        self.reader.reset()
        self.sent = 0
        self.receivedAny = false
        self.hasFailed = false
        preamble.write(transfer.uniqueHeader, transfer.headers, length: transfer.body.count, to: &self.head)
        self.length = self.head.count + transfer.body.count
        transfer.delegate?.requestGoesOut()
        guard self.transfer === transfer else { return }
        self.send(transfer)
    }

    private func send(_ transfer: HTTPTransfer) {
        while self.sent < self.length {
            let outcome = unsafe transfer.body.withUnsafeBytes { body in
                let rest = self.sent - self.head.count
                if rest >= 0 { return unsafe self.socket.send(UnsafeRawBufferPointer(rebasing: body[rest...])) }
                return unsafe self.head.withUnsafeBytes {
                    unsafe self.socket.send(UnsafeRawBufferPointer(rebasing: $0[self.sent...]), body)
                }
            }
            switch outcome {
            case .bytes(let count): self.sent += count
            case .wouldBlock: return self.waitForRoom(true)
            case .ended, .failed:
                // A server may say why before it hangs up.
                self.hasFailed = true
                self.waitForRoom(false)
                self.read()
                guard self.transfer === transfer, !self.isPaused, !self.reader.hasHead else { return }
                return self.fail(self.receivedAny ? .resetInReply : .sendFailed)
            }
        }
        self.waitForRoom(false)
    }

    private func waitForRoom(_ waits: Bool) {
        guard waits != self.waitsForRoom, !self.isPaused else { return }
        self.waitsForRoom = waits
        // It is watched, so this cannot fail; did it, the deadline of who called would end the exchange.
        try? self.loop.change(self.socket.number, to: self.interest)
    }

    private var interest: Readiness { self.waitsForRoom ? [.readable, .writable] : .readable }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        guard let transfer = self.transfer else {
            // The server has closed it, or says what nobody has asked for.
            self.pool.remove(self)
            return self.close()
        }
        if readiness.contains(.writable), self.waitsForRoom {
            self.send(transfer)
            guard self.transfer === transfer, !self.isPaused else { return }
        }
        if !readiness.isDisjoint(with: [.readable, .readHangUp, .hangUp, .failed]) { self.read() }
    }

    private func read() {
        let transfer = self.transfer
        unsafe self.client.sockets.scratch.lend(0) { scratch in
            for _ in 0..<Self.readsPerTurn {
                switch unsafe self.socket.receive(into: scratch) {
                case .bytes(let count):
                    self.receivedAny = true
                    unsafe self.take(UnsafeMutableRawBufferPointer(rebasing: scratch[..<count]))
                    guard self.transfer === transfer, !self.isPaused, count == scratch.count else { return }
                case .wouldBlock: return
                case .ended:
                    guard self.reader.endsByClose, !self.hasFailed else { return self.failReading() }
                    return self.finish(keeps: false)
                case .failed: return self.failReading()
                }
            }
        }
    }

    private func take(_ bytes: UnsafeMutableRawBufferPointer) {
        var index = 0
        while let transfer = self.transfer {
            switch unsafe self.reader.next(bytes, &index) {
            case .more: return
            case .head(let head):
                // A server that refuses a request need not read it to its end.
                if head.status >= 400 { self.waitForRoom(false) }
                transfer.delegate?.headReceived(head)
            case .data(let range):
                let flow = unsafe transfer.delegate?.received(UnsafeRawBufferPointer(rebasing: bytes[range]))
                if flow == .pause, self.transfer === transfer { self.pause() }
            case .end: return self.finish(keeps: index == bytes.count && self.reader.keepsConnection)
            case .failed(let kind): return self.fail(kind)
            }
            guard self.transfer === transfer else { return }
        }
    }

    // MARK: Pauses

    /// Nothing more is read until `resume`. Not even the connection's end is watched for: it would be reported again and again.
    private func pause() {
        guard !self.isPaused else { return }
        self.isPaused = true
        self.loop.forget(self.socket.number)
    }

    func resume() {
        guard self.isPaused else { return }
        self.isPaused = false
        do {
            try self.loop.watch(self.socket.number, for: self.interest, handler: self)
        } catch {
            guard self.transfer != nil else { return self.close() }
            self.fail(.other)
        }
    }

    // MARK: Ends

    private func failReading() {
        self.fail(self.receivedAny ? .resetInReply : .resetBeforeReply)
    }

    private func fail(_ kind: HTTPClientError.Kind) {
        let isDead = self.isKept && !self.receivedAny && (kind == .resetBeforeReply || kind == .sendFailed)
        self.finish(
            keeps: false, HTTPClientError(kind: kind, sentAny: self.sentAny, metDeadConnection: isDead))
    }

    private func finish(keeps: Bool, _ error: HTTPClientError? = nil) {
        guard let transfer = self.transfer else { return }
        self.transfer = nil
        if keeps, self.sent == self.length {
            self.rest()
        } else {
            self.close()
        }
        self.client.ended(transfer, error)
    }

    /// Whether nothing has come since the last exchange, not even the connection's end. While the loop has not waited since, it could
    /// not say so, and what has come would be taken for the next reply.
    func isQuiet(at now: UInt64) -> Bool {
        guard self.idleSince == now else { return true }
        var byte: UInt8 = 0
        return unsafe recv(self.socket.number, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) < 0 && errno == EAGAIN
    }

    /// Waits for the next exchange.
    private func rest() {
        self.resume()
        guard self.place >= 0 else { return }
        self.isKept = true
        self.idleSince = self.loop.now
        self.pool.put(self)
        self.client.boundIdleConnections(at: self.idleSince)
    }

    /// Drops the running transfer, of which nobody wants to hear any more.
    func abort() {
        self.transfer = nil
        self.close()
    }

    /// The client goes away, and nobody is told.
    func abandon() {
        self.transfer?.abandon()
        self.transfer = nil
        self.place = -1
        self.loop.forget(self.socket.number)
        self.socket.close()
    }

    /// Closes the socket. Whoever holds the connection, its pool or its transfer, has let go of it.
    func close() {
        guard self.place >= 0 else { return }
        if !self.isPaused { self.loop.forget(self.socket.number) }
        self.socket.close()
        self.client.forget(self)
    }
}
