import Administration
import Domain
import Glibc
import JSON
import EventLog
import Platform
import Testing

@testable import ControlPlane

@Suite struct OperatorSocketTests {
    private let folder: TemporaryFolder
    private let loop: EpollLoop
    private let socket: OperatorSocket

    init() throws {
        self.folder = try TemporaryFolder()
        try self.folder.makeFolder("run", mode: 0o700)
        self.loop = try EpollLoop()
        let log = Log(role: .control, sink: LineSink())
        let source = AdministrationSource(
            stateDirectory: self.folder.path,
            vault: try Vault(MasterKeySource(stateDirectory: self.folder.path, environment: { _ in nil })))
        let desk = try AdministrationDesk(
            loop: self.loop, log: log, context: DeskContext(limits: LimitSettings()), tree: [], reason: "not open")
        desk.open(threads: 1) { () throws(StartFailure) in
            let store = try source.open()
            return DeskBench(store: store, service: AdministrationService(store: store, limits: LimitSettings()))
        }
        self.socket = try OperatorSocket(stateDirectory: self.folder.path, loop: self.loop, desk: desk, log: log)
    }

    private func connect() throws -> StreamSocket {
        try StreamSocket(LocalSocket.connect(path: "\(self.folder.path)/run/control.sock", patience: 5))
    }

    private func send(_ bytes: [UInt8], on client: StreamSocket) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch unsafe rest.withUnsafeBytes({ unsafe client.send($0) }) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlock: try self.loop.turn(waitingAtMost: 10_000_000)
            case .ended, .failed: return
            }
        }
    }

    /// What comes back until `count` bytes are there or the connection is over.
    private func receive(_ count: Int, on client: StreamSocket) throws -> (bytes: [UInt8], ended: Bool) {
        var bytes: [UInt8] = []
        for _ in 0..<1000 where bytes.count < count {
            try self.loop.turn(waitingAtMost: 10_000_000)
            var buffer = [UInt8](repeating: 0, count: count - bytes.count)
            switch unsafe buffer.withUnsafeMutableBytes({ unsafe client.receive(into: $0) }) {
            case .bytes(let count): bytes += buffer.prefix(count)
            case .wouldBlock: continue
            case .ended, .failed: return (bytes, true)
            }
        }
        return (bytes, false)
    }

    private func answer(on client: StreamSocket) throws -> AdministrationReply? {
        let header = try self.receive(4, on: client).bytes
        guard let length = AdministrationFrame.length(header) else { return nil }
        return AdministrationReply(decoding: try self.receive(length, on: client).bytes, with: JSONReader())
    }

    private func frame(_ text: String) throws -> [UInt8] { try #require(AdministrationFrame.encode(Array(text.utf8))) }

    @Test func answersRequestAfterRequest() throws {
        #expect(self.folder.mode("run/control.sock").map { $0 & 0o777 } == 0o600)
        let client = try self.connect()
        let create = try self.frame(#"{"method":"POST","path":"/api/v1/keys","body":{"name":"a"}}"#)
        // Byte by byte, then two at once.
        for byte in create {
            try self.send([byte], on: client)
            try self.loop.turn(waitingAtMost: 1_000_000)
        }
        #expect(try self.answer(on: client)?.status == 201)
        let list = try self.frame(#"{"method":"GET","path":"/api/v1/keys"}"#)
        try self.send(list + create, on: client)
        #expect(try self.answer(on: client)?.status == 200)
        #expect(try self.answer(on: client)?.status == 409)
    }

    @Test func aBrokenRequestIsRefusedAndTheNextIsAnswered() throws {
        let client = try self.connect()
        try self.send(try self.frame("nonsense"), on: client)
        #expect(try self.answer(on: client)?.status == 400)
        try self.send(try self.frame(""), on: client)
        #expect(try self.answer(on: client)?.status == 400)
        try self.send(try self.frame(#"{"method":"GET","path":"/api/v1/projects"}"#), on: client)
        #expect(try self.answer(on: client)?.status == 200)
    }

    @Test func oneRequestIsAnsweredATurnWhoeverAsks() throws {
        let clients = try (0..<4).map { _ in try self.connect() }
        for client in clients { try self.send([UInt8](repeating: 0, count: 4 * 100), on: client) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let one = 4 + AdministrationService(resources: []).answer([]).count
        var received = 0
        for turn in 1...2000 where received < 400 * one {
            try self.loop.turn(waitingAtMost: 1_000_000)
            for client in clients {
                if case .bytes(let count) = unsafe buffer.withUnsafeMutableBytes({ unsafe client.receive(into: $0) }) {
                    received += count
                }
            }
            #expect(received <= turn * one)
        }
        #expect(received == 400 * one)
    }

    @Test func aFrameOverTheLimitEndsTheConnection() throws {
        let client = try self.connect()
        try self.send([0, 16, 0, 1, 0x7B], on: client)
        let end = try self.receive(1, on: client)
        #expect(end.ended)
        #expect(end.bytes.isEmpty)
    }

    @Test func connectionsAreCounted() throws {
        let clients = try (0..<(OperatorSocket.limit + 3)).map { _ in try self.connect() }
        for _ in 0..<20 { try self.loop.turn(waitingAtMost: 1_000_000) }
        let list = try self.frame(#"{"method":"GET","path":"/api/v1/projects"}"#)
        var answered = 0
        for client in clients {
            try self.send(list, on: client)
            if try self.answer(on: client)?.status == 200 { answered += 1 }
        }
        #expect(answered == OperatorSocket.limit)
        // Whoever leaves makes room.
        clients[0].close()
        for _ in 0..<5 { try self.loop.turn(waitingAtMost: 1_000_000) }
        let late = try self.connect()
        try self.send(list, on: late)
        #expect(try self.answer(on: late)?.status == 200)
    }

    @Test func theSocketGoesWithItsOwner() throws {
        self.socket.close()
        #expect(self.folder.mode("run/control.sock") == nil)
    }
}
