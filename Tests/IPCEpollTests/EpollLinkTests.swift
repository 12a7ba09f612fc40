import Domain
import IPC
import Platform
import Testing

@testable import IPCEpoll

@Suite struct EpollLinkTests {
    /// Keeps what a link reports.
    private final class Recorder: EpollLinkDelegate {
        var opened = 0
        var frames: [(header: FrameHeader, payload: [UInt8])] = []
        var ended: [FrameError?] = []
        var relieved = 0
        var onFrame: ((EpollLink, FrameHeader) -> Void)?

        func linkOpened(_ link: EpollLink) { self.opened += 1 }

        func link(_ link: EpollLink, received header: FrameHeader, payload: UnsafeRawBufferPointer) {
            self.frames.append((header, unsafe Array(payload)))
            self.onFrame?(link, header)
        }

        func linkRelieved(_ link: EpollLink) {
            #expect(!link.isCongested)
            self.relieved += 1
        }

        func linkEnded(_ link: EpollLink, error: FrameError?) { self.ended.append(error) }
    }

    private static let edge = Hello(role: .edge, instance: 1, build: [1])
    private static let upstream = Hello(role: .upstream, instance: 2, build: [1])

    private static func server() -> LinkMachine {
        LinkMachine(hello: upstream, peerRole: .edge, peerInstance: 1, accepting: .server)
    }

    private static func client() -> LinkMachine {
        LinkMachine(hello: edge, peerRole: .upstream, peerInstance: 2, accepting: .client)
    }

    private func turn(_ loop: EpollLoop, until done: () -> Bool) throws {
        for _ in 0..<20_000 where !done() { try loop.turn(waitingAtMost: 5_000_000) }
        #expect(done())
    }

    @Test func bothEndsOpenAndExchangeFrames() throws {
        let loop = try EpollLoop()
        let ends = try SocketPair(.stream).release()
        let scratch = LinkScratch()
        let recorders = (Recorder(), Recorder())
        let server = try EpollLink(
            loop: loop, descriptor: OwnedDescriptor(adopting: ends.first), machine: Self.server(), scratch: scratch,
            delegate: recorders.0)
        let client = try EpollLink(
            loop: loop, descriptor: OwnedDescriptor(adopting: ends.second), machine: Self.client(), scratch: scratch,
            delegate: recorders.1)
        let body = (0..<(3 * WireLimits.data + 5)).map { UInt8(truncatingIfNeeded: $0) }
        let request = StreamRequest.administration(AdministrationRequest(method: "GET", path: "/", bodyLength: 9))
        client.send(request.frame(stream: 1))
        unsafe body.withUnsafeBytes {
            unsafe client.send(.body, stream: 1, flags: FrameHeader.lastFlag, data: $0)
        }
        try self.turn(loop) { recorders.0.frames.last?.header.flags == FrameHeader.lastFlag }
        #expect(recorders.0.opened == 1 && recorders.1.opened == 1)
        #expect(recorders.0.frames.map(\.header.type) == [.request, .body, .body, .body, .body])
        #expect(recorders.0.frames.dropFirst().flatMap(\.payload) == body)

        server.send(urgent: Credit(bytes: 0).frame(stream: 1))
        server.send(StreamEnd().frame(stream: 1))
        try self.turn(loop) { recorders.1.frames.count == 2 }
        #expect(recorders.1.frames.map(\.header.type) == [.credit, .end])

        client.close()
        try self.turn(loop) { !recorders.0.ended.isEmpty }
        #expect(recorders.0.ended == [nil])
        #expect(!server.isOpen)
    }

    @Test(arguments: [1, 7, 100, 5000]) func whatHasBeenHandledIsOverwritten(size: Int) throws {
        let loop = try EpollLoop()
        let ends = try SocketPair(.stream).release()
        let recorder = Recorder()
        let scratch = LinkScratch()
        // Memory that nobody has written to may hold anything.
        unsafe scratch.buffer.initializeMemory(as: UInt8.self, repeating: 0)
        let link = try EpollLink(
            loop: loop, descriptor: OwnedDescriptor(adopting: ends.first), machine: Self.server(), scratch: scratch,
            wipesInput: true, delegate: recorder)
        let peer = try StreamSocket(OwnedDescriptor(adopting: ends.second))
        var bytes = Self.edge.frame()
        bytes += StreamRequest.administration(AdministrationRequest(method: "GET", path: "/")).frame(stream: 1)
        FrameHeader(type: .body, flags: 1, stream: 1, length: 3000).append(to: &bytes)
        bytes += [UInt8](repeating: 0xA7, count: 3000)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(bytes.count, start + size)])
            #expect(unsafe piece.withUnsafeBytes { unsafe peer.send($0) } == .bytes(piece.count))
            try loop.turn(waitingAtMost: 0)
        }
        try self.turn(loop) { recorder.frames.count == 2 }
        #expect(recorder.frames[1].payload == [UInt8](repeating: 0xA7, count: 3000))
        #expect(unsafe !scratch.buffer.contains(0xA7))
        #expect(link.isOpen)
    }

    @Test(arguments: [1, 2, 3, 7, 16, 17, 100])
    func framesArriveWholeHoweverTheBytesAreSplit(size: Int) throws {
        let loop = try EpollLoop()
        let ends = try SocketPair(.stream).release()
        let recorder = Recorder()
        let link = try EpollLink(
            loop: loop, descriptor: OwnedDescriptor(adopting: ends.first), machine: Self.server(),
            scratch: LinkScratch(), delegate: recorder)
        let peer = try StreamSocket(OwnedDescriptor(adopting: ends.second))
        var bytes = Self.edge.frame()
        bytes += StreamRequest.administration(AdministrationRequest(method: "GET", path: "/")).frame(stream: 1)
        FrameHeader(type: .body, flags: 1, stream: 1, length: 300).append(to: &bytes)
        bytes += [UInt8](repeating: 6, count: 300)
        FrameHeader(type: .cancel, stream: 1, length: 0).append(to: &bytes)
        // One that overtakes its request.
        FrameHeader(type: .cancel, stream: 2, length: 0).append(to: &bytes)
        bytes += StreamRequest.administration(AdministrationRequest(method: "GET", path: "/")).frame(stream: 2)
        var offset = 0
        while offset < bytes.count {
            let end = min(bytes.count, offset + size)
            let piece = Array(bytes[offset..<end])
            #expect(unsafe piece.withUnsafeBytes { unsafe peer.send($0) } == .bytes(piece.count))
            try loop.turn(waitingAtMost: 0)
            offset = end
        }
        try self.turn(loop) { recorder.frames.count == 5 }
        #expect(recorder.frames.map(\.header.type) == [.request, .body, .cancel, .request, .cancel])
        #expect(recorder.frames.map(\.header.stream) == [1, 1, 1, 2, 2])
        #expect(recorder.frames[1].payload == [UInt8](repeating: 6, count: 300))
        #expect(link.isOpen)
    }

    @Test func aPeerThatBreaksTheProtocolIsCutOff() throws {
        var oversized: [UInt8] = []
        FrameHeader(type: .body, stream: 1, length: UInt32(WireLimits.data) + 1).append(to: &oversized)
        let cases: [([UInt8], FrameError)] = [
            ([0xFF, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 12), .unknownType(0)),
            (Self.edge.frame() + oversized, .tooLong(.body, UInt32(WireLimits.data) + 1)),
            (Self.edge.frame() + Ready().frame(), .unexpectedType(.ready)),
            (Self.edge.frame() + Self.edge.frame(), .helloExpected),
            (Credit(bytes: 1).frame(), .helloExpected),
        ]
        for (bytes, error) in cases {
            let loop = try EpollLoop()
            let ends = try SocketPair(.stream).release()
            let recorder = Recorder()
            let link = try EpollLink(
                loop: loop, descriptor: OwnedDescriptor(adopting: ends.first), machine: Self.server(),
                scratch: LinkScratch(),
                delegate: recorder)
            let peer = try StreamSocket(OwnedDescriptor(adopting: ends.second))
            #expect(unsafe bytes.withUnsafeBytes { unsafe peer.send($0) } == .bytes(bytes.count))
            try self.turn(loop) { !recorder.ended.isEmpty }
            #expect(recorder.ended == [error])
            #expect(!link.isOpen)
        }
    }

    @Test func aPeerThatDoesNotReadHoldsNothingUpButItself() throws {
        let loop = try EpollLoop()
        let ends = try SocketPair(.stream).release()
        let recorders = (Recorder(), Recorder())
        let sender = try EpollLink(
            loop: loop, descriptor: OwnedDescriptor(adopting: ends.first), machine: Self.server(),
            scratch: LinkScratch(),
            delegate: recorders.0)
        let piece = [UInt8](repeating: 1, count: WireLimits.data)
        let count = 2 * WireLimits.linkWindow / WireLimits.data
        for number in 0..<count {
            #expect(sender.isCongested == (number > WireLimits.linkWindow / WireLimits.data))
            unsafe piece.withUnsafeBytes { unsafe sender.send(.chunk, stream: 1, data: $0) }
        }
        sender.send(StreamEnd().frame(stream: 1))
        for _ in 0..<10 { try loop.turn(waitingAtMost: 0) }
        #expect(recorders.0.ended.isEmpty)
        #expect(recorders.0.relieved == 0)

        // Now the peer reads: window comes back and all of it arrives, END last.
        let receiver = try EpollLink(
            loop: loop, descriptor: OwnedDescriptor(adopting: ends.second), machine: Self.client(),
            scratch: LinkScratch(),
            delegate: recorders.1)
        try self.turn(loop) { recorders.1.frames.last?.header.type == .end }
        #expect(recorders.1.frames.count == count + 1)
        #expect(receiver.isOpen && sender.isOpen)
        #expect(recorders.0.relieved == 1)
        #expect(!sender.isCongested)
    }
}
