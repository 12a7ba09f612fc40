internal import CCurl
internal import Glibc

/// The body of a reply, and how it is read past libcurl.
///
/// libcurl's way through one event of a stream touches so much memory of each transfer that with hundreds of streams it costs
/// more than all else together. So on plain connections libcurl leaves the chunked coding on (`takesRawBody`), and while
/// nothing of a chunk is outstanding the socket is looked into first: whole chunks that are there are taken and handed out
/// directly. All else is for libcurl: the head, the last chunk and trailers, parts of a chunk, other codings, the connection's end
/// and failures, a reply that is paused, all over TLS. It never sees the middle of something whose begin it missed, so it goes on
/// saying when a reply is over, whether it is whole, and whether its connection may be kept.
extension EasyHandle {
    /// Whether the way past libcurl suits the version in use: one that keeps nothing it has read from a socket without handing
    /// it out, as was checked for 7.88.
    static let isVersionKnown: Bool = sluice_curl_version() >> 8 == 0x0758

    /// Called by libcurl. Returns the bytes taken; fewer than given makes it end the transfer.
    func readBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let delegate = self.transfer?.delegate else { return 0 }
        if self.pauseWanted {
            // libcurl keeps these bytes and hands them out again after `resume`.
            self.isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        }
        self.receivedAny = true
        guard self.takesRawBody, self.parser.isRawChunked else {
            return unsafe self.deliver(bytes, to: delegate) ? bytes.count : 0
        }
        return unsafe self.sockets.scratch.lend(bytes.count) { scratch in
            do throws(ChunkDecoder.Violation) {
                let count = unsafe try self.decoder.decode(bytes, into: scratch)
                guard count > 0 else { return bytes.count }
                let data = unsafe UnsafeRawBufferPointer(rebasing: scratch[..<count])
                return unsafe self.deliver(data, to: delegate) ? bytes.count : 0
            } catch {
                self.fault = .resetInReply
                return 0
            }
        }
    }

    /// False when the transfer was cancelled meanwhile.
    private func deliver(_ bytes: UnsafeRawBufferPointer, to delegate: any HTTPTransferDelegate) -> Bool {
        if unsafe delegate.received(bytes) == .pause { self.pauseWanted = true }
        return self.transfer?.delegate != nil
    }

    /// Something has come on the transfer's socket. True when it was dealt with; false when it is for libcurl to read, nothing
    /// having been taken.
    func readDirectly(_ socket: Int32, for client: HTTPClient) -> Bool {
        guard self.takesRawBody, self.parser.isComplete, self.parser.isRawChunked, self.decoder.isAtBoundary,
            !self.pauseWanted, !self.isPaused, let delegate = self.transfer?.delegate
        else { return false }
        return unsafe self.sockets.scratch.lend(0) { scratch in
            let found = unsafe recv(socket, scratch.baseAddress, scratch.count, Int32(MSG_PEEK))
            guard found > 0 else { return false }
            let chunks = unsafe ChunkDecoder.takeWholeChunks(UnsafeMutableRawBufferPointer(rebasing: scratch[..<found]))
            guard chunks.taken > 0 else { return false }
            // They were seen, so they are there.
            guard recv(socket, nil, chunks.taken, Int32(MSG_TRUNC)) == chunks.taken else {
                client.breakOff(self, HTTPClientError(kind: .resetInReply, sentAny: true))
                return true
            }
            client.countDirectRead()
            _ = unsafe self.deliver(UnsafeRawBufferPointer(rebasing: scratch[chunks.data]), to: delegate)
            return true
        }
    }
}
