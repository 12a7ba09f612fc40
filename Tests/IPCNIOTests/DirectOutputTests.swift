import Glibc
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import IPCNIO

/// On a real socket pair, whose buffers fill up.
struct DirectOutputTests {
    @Test func bytesKeepTheirOrderOverBothWays() throws {
        let pair = try SocketPair()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        let channel = try ClientBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Sender()) }
            }
            .withConnectedSocket(pair.first).wait()
        var sent = 0
        var received: [UInt8] = []
        for _ in 0..<3 {
            // More than the socket takes: some goes at once, one piece in part, the rest through the channel.
            let from = sent
            let direct = try Sender.send(on: channel, from: from, count: 2000)
            sent += 2000
            #expect((1..<2000).contains(direct))
            received += pair.read(2000 * Sender.pieceSize)
            // What was written by the channel is out now, but the loop may have yet to hear of it.
            try eventLoop.submit {}.wait()
        }
        #expect(received == (0..<sent).flatMap { Sender.piece($0) })
        try channel.close().wait()
        try group.syncShutdownGracefully()
    }

    @Test func aChannelWithoutASocketTakesItAll() throws {
        let channel = EmbeddedChannel()
        let sender = Sender()
        try channel.pipeline.syncOperations.addHandler(sender)
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
        #expect(sender.send(from: 0, count: 3) == 0)
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += Array(buffer.readableBytesView) }
        #expect(bytes == (0..<3).flatMap { Sender.piece($0) })
    }

    @Test func aBrokenSocketIsLeftToTheChannel() throws {
        let pair = try SocketPair()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try ClientBootstrap(group: group)
            .channelOption(.autoRead, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Sender()) }
            }
            .withConnectedSocket(pair.first).wait()
        close(pair.second)
        _ = try? Sender.send(on: channel, from: 0, count: 1)
        try channel.closeFuture.wait()
        try group.syncShutdownGracefully()
    }
}

/// Two connected sockets; the second one is read by the test's thread.
private struct SocketPair {
    let first: Int32
    let second: Int32

    init() throws {
        var numbers: [Int32] = [-1, -1]
        let made = unsafe numbers.withUnsafeMutableBufferPointer {
            unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, $0.baseAddress)
        }
        try #require(made == 0)
        self.first = numbers[0]
        self.second = numbers[1]
    }

    func read(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let taken = unsafe bytes.withUnsafeMutableBytes {
                unsafe Glibc.read(self.second, $0.baseAddress?.advanced(by: done), count - done)
            }
            guard taken > 0 else { break }
            done += taken
        }
        return Array(bytes[..<done])
    }
}

/// Sends numbered pieces, at once where it can. Lives on the channel's loop.
private final class Sender: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    static let pieceSize = 1000

    private var direct = DirectOutput()
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func channelInactive(context: ChannelHandlerContext) { self.context = nil }

    static func piece(_ number: Int) -> [UInt8] {
        (0..<Self.pieceSize).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number &* 31) }
    }

    static func send(on channel: any Channel, from: Int, count: Int) throws -> Int {
        try channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: Sender.self).send(from: from, count: count)
        }.wait()
    }

    /// Returns how many pieces went out at once and whole.
    func send(from: Int, count: Int) -> Int {
        guard let context = self.context else { return 0 }
        var whole = 0
        for number in from..<(from + count) {
            var buffer = ByteBuffer(bytes: Self.piece(number))
            if self.direct.send(&buffer, context) {
                whole += 1
            } else {
                self.direct.wroteToChannel()
                context.writeAndFlush(NIOAny(buffer), promise: nil)
            }
        }
        return whole
    }
}
