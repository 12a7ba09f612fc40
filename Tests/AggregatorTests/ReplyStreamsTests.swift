import Domain
import IPC
import Testing

@testable import Aggregator

@Suite struct ReplyStreamsTests {
    private func reply(_ size: Int) -> Reply {
        Reply(
            status: 200, contentType: Array("text/plain".utf8), body: (0..<size).map { UInt8(truncatingIfNeeded: $0) })
    }

    private func body(_ outputs: [ReplyStreams.Output], of stream: UInt64) -> [UInt8] {
        outputs.flatMap { output in
            if case .chunk(stream, let bytes) = output { Array(bytes) } else { [UInt8]() }
        }
    }

    private func hasEnded(_ outputs: [ReplyStreams.Output], _ stream: UInt64) -> Bool {
        outputs.last == .end(stream: stream, StreamEnd())
    }

    @Test func aSmallReplyGoesOutAtOnce() throws {
        var streams = ReplyStreams()
        let outputs = try streams.open(4) { self.reply(100) }
        let head = ResponseHead(status: 200, isStream: false, contentLength: 100, contentType: Array("text/plain".utf8))
        #expect(
            outputs == [
                .head(stream: 4, head), .chunk(stream: 4, self.reply(100).body[...]), .end(stream: 4, StreamEnd()),
            ])
        #expect(streams.isEmpty)
    }

    @Test func anEmptyReplyHasNoChunk() throws {
        var streams = ReplyStreams()
        let outputs = try streams.open(1) { self.reply(0) }
        #expect(outputs.count == 2)
        #expect(self.hasEnded(outputs, 1))
    }

    @Test func aLargeReplyWaitsForCredit() throws {
        let size = WireLimits.replyWindow * 2 + 10
        var streams = ReplyStreams()
        var outputs = try streams.open(1) { self.reply(size) }
        #expect(self.body(outputs, of: 1).count == WireLimits.replyWindow)
        #expect(!self.hasEnded(outputs, 1))
        // Another stream has a window of its own.
        #expect(self.hasEnded(try streams.open(2) { self.reply(10) }, 2))
        var steps = 0
        while !self.hasEnded(outputs, 1) {
            let more = try streams.credit(1, bytes: 32 << 10)
            #expect(self.body(more, of: 1).count <= 32 << 10)
            outputs += more
            steps += 1
        }
        #expect(steps == 3)
        #expect(self.body(outputs, of: 1) == self.reply(size).body)
        #expect(
            outputs.allSatisfy { if case .chunk(_, let bytes) = $0 { bytes.count <= WireLimits.data } else { true } })
        #expect(streams.isEmpty)
        // What arrives late for an ended stream is of no account.
        #expect(try streams.credit(1, bytes: .max).isEmpty)
    }

    @Test func aCancelledReplyStops() throws {
        var streams = ReplyStreams()
        _ = try streams.open(1) { self.reply(WireLimits.replyWindow + 1) }
        streams.cancel(1)
        #expect(try streams.credit(1, bytes: 1).isEmpty)
        #expect(streams.isEmpty)
    }

    @Test func tooMuchCreditBreaksTheProtocol() throws {
        var streams = ReplyStreams()
        _ = try streams.open(1) { self.reply(WireLimits.replyWindow + 1) }
        #expect(throws: FrameError.windowExceeded) {
            try streams.credit(1, bytes: UInt32(WireLimits.replyWindow) + 1)
        }
    }

    @Test(arguments: [UInt64(5), 4, 0]) func aStreamNumberIsUsedOnce(_ number: UInt64) throws {
        var streams = ReplyStreams()
        _ = try streams.open(5) { self.reply(1) }
        #expect(throws: FrameError.malformed(.request)) { try streams.open(number) { self.reply(1) } }
    }

    @Test func slowReadersAreLimitedInNumber() throws {
        var streams = ReplyStreams()
        for number in 1...UInt64(ReplyStreams.maximum) {
            _ = try streams.open(number) { self.reply(WireLimits.replyWindow + 1) }
        }
        var made = 0
        let outputs = try streams.open(100) {
            made += 1
            return self.reply(1)
        }
        guard case .end(100, let end) = outputs.first, outputs.count == 1 else {
            Issue.record("\(outputs)")
            return
        }
        #expect(end.failure?.status == 503)
        #expect(made == 0)
        streams.cancel(7)
        #expect(self.hasEnded(try streams.open(101) { self.reply(1) }, 101))
    }
}
