import Domain
import IPC
import IPCNIO
import NIOCore
import NIOEmbedded
import Testing

@Suite struct LinkOutputTests {
    private func request(_ stream: UInt64) -> StreamRequest {
        .administration(AdministrationRequest(method: "GET", path: "/metrics/\(stream)"))
    }

    private func data(_ count: Int, _ byte: UInt8 = 1) -> ByteBuffer { ByteBuffer(repeating: byte, count: count) }

    @Test func greetingGoesFirst() throws {
        let rig = try LinkRig(open: false)
        #expect(try rig.sent().map { $0.header.type } == [.hello])
        #expect(rig.handler?.isOpen == false)
        try rig.receive(LinkRig.peerHello.frame())
        #expect(rig.handler?.isOpen == true)
    }

    @Test func oneTurnIsOneBuffer() throws {
        let rig = try LinkRig()
        let link = try #require(rig.handler)
        link.send(self.request(1), stream: 1)
        link.sendData(.body, stream: 1, flags: FrameHeader.lastFlag, self.data(1000))
        #expect(try rig.channel.readOutbound(as: ByteBuffer.self) == nil)
        rig.loop.run()
        #expect(try rig.channel.readOutbound(as: ByteBuffer.self) != nil)
        #expect(try rig.channel.readOutbound(as: ByteBuffer.self) == nil)
        link.sendData(.body, stream: 2, flags: FrameHeader.lastFlag, ByteBuffer())
        let frames = try rig.sent()
        #expect(frames.map { $0.header.length } == [0])
        #expect(frames.map { $0.header.flags } == [FrameHeader.lastFlag])
    }

    @Test func memoryServesAgainWithoutChangingWhatWasSent() throws {
        let rig = try LinkRig()
        let link = try #require(rig.handler)
        link.sendData(.body, stream: 1, self.data(100, 1))
        rig.loop.run()
        // The first buffer is still held by the channel while the second turn writes.
        link.sendData(.body, stream: 2, self.data(100, 2))
        let frames = try rig.sent()
        #expect(frames.map { $0.payload } == [[UInt8](repeating: 1, count: 100), [UInt8](repeating: 2, count: 100)])
    }

    @Test func whatIsNotToBeCopiedGoesOutFromItsOwnMemory() throws {
        let rig = try LinkRig()
        let link = try #require(rig.handler)
        let data = self.data(100, 9)
        link.sendData(.body, stream: 1, data, copies: false)
        rig.loop.run()
        var buffers: [ByteBuffer] = []
        while let buffer = try rig.channel.readOutbound(as: ByteBuffer.self) { buffers.append(buffer) }
        let place = unsafe data.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
        let places = buffers.map { buffer in unsafe buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
        }
        #expect(places.contains(place))
        #expect(buffers.flatMap { Array($0.readableBytesView) }.count { $0 == 9 } == 100)
    }

    @Test func largeDataIsCutAndKeepsItsBytes() throws {
        let rig = try LinkRig()
        let link = try #require(rig.handler)
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        link.sendData(.body, stream: 1, flags: FrameHeader.lastFlag, ByteBuffer(bytes: bytes))
        let frames = try rig.sent()
        #expect(frames.map { $0.header.length } == [65536, 65536, 65536, 3392])
        #expect(frames.map { $0.header.flags } == [0, 0, 0, FrameHeader.lastFlag])
        #expect(frames.flatMap { $0.payload } == bytes)
    }

    @Test func windowHoldsDataBackAndCreditLetsItGo() throws {
        let rig = try LinkRig()
        let link = try #require(rig.handler)
        link.sendData(.body, stream: 1, flags: FrameHeader.lastFlag, self.data(WireLimits.linkWindow + 100))
        link.send(self.request(2), stream: 2)
        link.sendData(.body, stream: 2, self.data(10))
        #expect(try rig.sent().map { Int($0.header.length) }.reduce(0, +) == WireLimits.linkWindow)
        #expect(link.waitingBytes == 110)
        // Credit and cancel do not wait.
        link.send(Credit(bytes: 5), stream: 7)
        link.cancel(stream: 8)
        #expect(try rig.sent().map { $0.header.type } == [.credit, .cancel])
        try rig.receive(Credit(bytes: 60).frame())
        #expect(try rig.sent().map { Int($0.header.length) } == [60])
        try rig.receive(Credit(bytes: 1000).frame())
        let rest = try rig.sent()
        #expect(rest.map { $0.header.type } == [.body, .request, .body])
        #expect(rest.map { $0.header.stream } == [1, 2, 2])
        #expect(rest.first?.header.flags == FrameHeader.lastFlag)
        #expect(link.waitingBytes == 0)
    }

    @Test func cancelOfWhatThePeerNeverHeardOfIsSilent() throws {
        let rig = try LinkRig()
        let link = try #require(rig.handler)
        link.sendData(.body, stream: 1, self.data(WireLimits.linkWindow + 100))
        link.send(self.request(2), stream: 2)
        link.sendData(.body, stream: 2, self.data(10))
        _ = try rig.sent()
        link.cancel(stream: 2)
        #expect(try rig.sent().isEmpty)
        link.cancel(stream: 1)
        #expect(try rig.sent().map { $0.header.type } == [.cancel])
        #expect(link.waitingBytes == 0)
    }

    @Test func dataWaitsForTheSocketAndUrgentFramesDoNot() throws {
        let rig = try LinkRig()
        let link = try #require(rig.handler)
        rig.channel.isWritable = false
        link.sendData(.body, stream: 1, self.data(10))
        link.send(self.request(2), stream: 2)
        link.send(Credit(bytes: 5), stream: 7)
        #expect(try rig.sent().map { $0.header.type } == [.credit])
        rig.channel.isWritable = true
        rig.channel.pipeline.fireChannelWritabilityChanged()
        #expect(try rig.sent().map { $0.header.type } == [.body, .request])
    }
}
