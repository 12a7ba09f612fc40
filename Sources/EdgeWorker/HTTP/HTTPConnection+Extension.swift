import Domain
import IPC
import NIOCore

/// Replies whose bodies say where they come from (`telemetry.extension: body`).
extension HTTPConnection {
    /// Whether the reply's head waits for its body's first byte. One that does not has nothing in its body, or is a stream.
    func extends(_ reply: ResponseHead, of request: CurrentRequest) -> Bool {
        guard case .provider(let endpoint) = request.route, !request.isHeadOnly, Int(reply.call) < request.calls.count,
            let origin = request.origin(of: reply, now: self.core.now),
            let provider = request.settings.providerName(request.calls[Int(reply.call)].target.provider)
        else { return false }
        let member = ExtensionMember(provider: provider, origin: origin)
        self.extended = ExtendedReply(reply, member, record: request.record, endpoint: endpoint)
        return self.extended?.head != nil
    }

    /// More of the body.
    func extend(_ extended: ExtendedReply, with chunk: ByteBuffer, isContent: Bool) {
        if let reply = extended.head {
            guard let head = extended.begin(with: chunk) else {
                self.extended = nil
                self.begin(reply)
                return self.pass(chunk, isContent: isContent)
            }
            self.begin(head)
        }
        if isContent { self.request?.replyBytes &+= UInt64(clamping: chunk.readableBytes) }
        for piece in extended.feed(chunk) {
            // A piece that is too much has ended the reply.
            guard self.request?.pendingFailure == nil else { return }
            self.pass(piece, isContent: false)
        }
        // Also where all of it is held: the peer may send more when this was taken.
        self.scheduleFlush()
    }

    /// The reply is whole: its last bytes. False where it is not as long as it said.
    func conclude(_ extended: ExtendedReply, _ end: StreamEnd) -> Bool {
        self.extended = nil
        if let head = extended.head {
            self.begin(head)
            return true
        }
        guard let pieces = extended.finish(cost: Settlement(end).cost, seconds: self.core.wallSeconds) else {
            return false
        }
        return self.write(pieces)
    }

    /// The reply has failed: what a stream has said goes out before the error.
    func giveUp(_ extended: ExtendedReply) {
        self.extended = nil
        guard self.framing != nil else { return }
        _ = self.write(extended.abandon())
    }

    private func write(_ pieces: [ByteBuffer]) -> Bool {
        for piece in pieces where !self.write(piece, as: self.framing?.piece(piece.readableBytes)) { return false }
        return true
    }
}
