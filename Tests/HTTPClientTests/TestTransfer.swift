import Platform

@testable import HTTPClient

/// Records what a transfer reports.
final class TestTransfer: HTTPTransferDelegate {
    private(set) var head: HTTPResponseHead?
    private(set) var body: [UInt8] = []
    private(set) var pieces = 0
    private(set) var heads = 0
    private(set) var ends = 0
    private(set) var error: HTTPClientError?
    var transfer: HTTPTransfer?
    /// Called after each piece; its answer goes to the client.
    var onPiece: (TestTransfer) -> HTTPFlow = { _ in .proceed }
    var onHead: (TestTransfer) -> Void = { _ in }
    var onSend: (TestTransfer) -> Void = { _ in }
    private(set) var sends = 0
    var onEnd: (TestTransfer) -> Void = { _ in }

    var isOver: Bool { self.ends > 0 }
    var text: String { String(decoding: self.body, as: UTF8.self) }

    func requestGoesOut() {
        self.sends += 1
        self.onSend(self)
    }

    func headReceived(_ head: HTTPResponseHead) {
        self.head = head
        self.heads += 1
        self.onHead(self)
    }

    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        unsafe self.body.append(contentsOf: bytes)
        self.pieces += 1
        return self.onPiece(self)
    }

    func finished(_ error: HTTPClientError?) {
        self.error = error
        self.ends += 1
        self.onEnd(self)
    }
}

/// A loop, a client and a server on it.
struct Bench {
    /// Targets leave all to libcurl.
    @TaskLocal static var isByLibcurl = false

    let loop: EpollLoop
    let client: HTTPClient
    let server: TestServer
    let limit: HTTPConnectionLimit

    init(
        connections: Int = 1000, idleConnections: Int = 1024,
        handler: @escaping (TestServer.Connection, TestServer.Request) -> Void
    ) throws {
        guard HTTPClient.initializeLibrary() else { throw SystemError(operation: "curl_global_init", code: 0) }
        self.loop = try EpollLoop()
        self.client = try HTTPClient(loop: self.loop, idleConnections: idleConnections)
        self.server = try TestServer(self.loop, handler: handler)
        self.limit = HTTPConnectionLimit(maximum: connections)
    }

    func target(
        _ path: String = "/v1/chat/completions", method: HTTPTarget.Method = .post, headers: [String] = [],
        connectTimeout: UInt64 = 3000
    ) -> HTTPTarget {
        var settings = HTTPTarget.Settings(
            url: self.server.url(path), method: method, headers: headers.map { Array($0.utf8) },
            connectTimeout: connectTimeout)
        settings.usesOwnConnections = !Self.isByLibcurl
        return HTTPTarget(settings, limit: self.limit)
    }

    func start(
        _ target: HTTPTarget, body: [UInt8] = Array("{}".utf8), unique: String = "", onNewConnection: Bool = false,
        _ prepare: (TestTransfer) -> Void = { _ in }
    ) -> TestTransfer {
        let test = TestTransfer()
        prepare(test)
        test.transfer = self.client.start(
            target, body: .bytes(body), uniqueHeader: Array(unique.utf8), onNewConnection: onNewConnection,
            delegate: test)
        return test
    }

    /// Turns the loop until the condition holds; false when it never does.
    func run(until condition: () -> Bool) throws -> Bool {
        let end = Clocks.monotonicNanoseconds() + 10_000_000_000
        while !condition() {
            guard Clocks.monotonicNanoseconds() < end else { return false }
            try self.loop.turn(waitingAtMost: 100_000_000)
        }
        return true
    }

    /// Turns the loop until nothing is left to do at once.
    func settle() throws {
        for _ in 0..<50 { try self.loop.turn(waitingAtMost: 1_000_000) }
    }
}
