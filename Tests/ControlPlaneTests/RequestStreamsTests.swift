import IPC
import Testing

@testable import ControlPlane

/// Requests and replies of one link, as states.
@Suite struct RequestStreamsTests {
    private static let head = ResponseHead(status: 200, isStream: false, contentType: [])

    private func request(_ length: Int) -> AdministrationRequest {
        AdministrationRequest(method: "POST", path: "/", bodyLength: UInt64(length))
    }

    private func send(
        _ piece: ArraySlice<UInt8>, _ stream: UInt64, _ streams: inout RequestStreams
    ) throws(FrameError) -> RequestStreams.Action {
        let bytes = Array(piece)
        let result: Result<RequestStreams.Action, FrameError> = unsafe bytes.withUnsafeBytes { pointer in
            do throws(FrameError) {
                return .success(unsafe try streams.received(pointer, stream))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Every way to cut a body into three pieces, empty ones among them, on two streams at once.
    @Test func aBodyIsTheSameHoweverItIsCut() throws {
        let body = Array("0123456789".utf8)
        for first in 0...body.count {
            for second in first...body.count {
                var streams = RequestStreams()
                #expect(try streams.open(1, self.request(body.count)) == .none)
                #expect(try streams.open(2, self.request(body.count)) == .none)
                var whole = 0
                for piece in [body[..<first], body[first..<second], body[second...]] where !piece.isEmpty {
                    for stream in [UInt64(1), 2] {
                        switch try self.send(piece, stream, &streams) {
                        case .none: break
                        case .answer(_, let got):
                            #expect(got == body)
                            whole += 1
                        case .refuse: Issue.record("refused")
                        }
                    }
                }
                #expect(whole == 2)
            }
        }
    }

    @Test func aBodyThatIsTooLongIsNoticedAtOnce() throws {
        var streams = RequestStreams()
        _ = try streams.open(1, self.request(3))
        _ = try self.send([1, 2], 1, &streams)
        #expect(throws: FrameError.malformed(.body)) { try self.send([3, 4], 1, &streams) }
        _ = try streams.open(2, self.request(0))
        #expect(throws: FrameError.malformed(.body)) { try self.send([3], 2, &streams) }
    }

    @Test func bodiesTogetherAreBounded() throws {
        var streams = RequestStreams()
        for stream in 1...UInt64(16) { #expect(try streams.open(stream, self.request(1 << 20)) == .none) }
        #expect(try streams.open(17, self.request(1)) == .refuse)
        #expect(try self.send([1], 17, &streams) == .none)
        #expect(try streams.open(18, self.request(0)) != .refuse)
        streams.cancel(3)
        #expect(try streams.open(19, self.request(1)) == .none)
        guard case .answer = try self.send([1], 19, &streams) else {
            Issue.record("not whole")
            return
        }
        #expect(try streams.open(20, self.request(1 << 20)) == .none)
    }

    @Test func whatIsCancelledIsForgotten() throws {
        var streams = RequestStreams()
        _ = try streams.open(1, self.request(3))
        streams.cancel(1)
        #expect(try self.send([1, 2, 3, 4], 1, &streams) == .none)
        _ = try streams.open(2, self.request(0))
        streams.cancel(2)
        #expect(streams.reply(2, Self.head, body: [1]).isEmpty && streams.count == 0)
    }

    /// However credit comes back, the pieces are the body, and never more than the window is out.
    @Test(arguments: [1, 7, 4096, 32 << 10, 64 << 10]) func aReplyGoesOutWithinItsWindow(_ credit: Int) throws {
        let body = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var streams = RequestStreams()
        _ = try streams.open(1, self.request(0))
        var got: [UInt8] = []
        var isOver = false
        func take(_ outputs: [RequestStreams.Output]) {
            for output in outputs {
                switch output {
                case .head: #expect(got.isEmpty)
                case .chunk(let piece):
                    #expect(piece.count <= WireLimits.data)
                    got += piece
                case .end: isOver = true
                }
            }
        }
        take(streams.reply(1, Self.head, body: body))
        var returned = 0
        // Small credits for a part, or it would take long.
        while !isOver {
            #expect(got.count - returned <= WireLimits.replyWindow)
            let amount = returned < 5000 ? credit : max(credit, 16 << 10)
            let given = min(amount, got.count - returned)
            returned += given
            take(try streams.credit(1, bytes: UInt32(given)))
        }
        #expect(got == body && streams.count == 0)
        #expect(try streams.credit(1, bytes: 5).isEmpty)
    }

    @Test func anEmptyReplyIsOverAtOnce() throws {
        var streams = RequestStreams()
        _ = try streams.open(1, self.request(0))
        #expect(streams.reply(1, Self.head, body: []) == [.head(Self.head), .end])
    }
}
