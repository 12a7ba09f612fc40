import Dialects
import Domain
import Glibc
import IPC
import IPCNIO
import JSON
import Limits
import EventLog
import NIOCore
import NIOSSL
import Routing

/// The output half of a connection. Everything goes into one buffer during a turn of the event loop and out with one write
/// at its end; only large pieces of a reply are written as they are.
extension HTTPConnection: ExchangeClient {
    /// Pieces from this size on are not copied, if they do not keep a much larger block alive.
    private static let copyLimit = 8 << 10
    /// Bytes of memory for output that a connection keeps from one turn to the next.
    private static let keptOutput = 2 << 10
    /// Nanoseconds a client has for taking the last bytes before the connection is cut.
    private static let closePatience: UInt64 = 30_000_000_000

    // MARK: Replies of the edge's own

    /// Answers with an error; the request goes no further.
    func refuse(_ error: GatewayError) {
        guard let request = self.request else { return }
        self.exchange?.cancel()
        self.exchange = nil
        self.dropBody()
        request.failure = error
        self.core.failed(error, record: request.record, endpoint: request.route.label)
        // Whoever sends too much is told so at once, and would send on if the connection stayed.
        if error.status == 413, !self.machine.hasWholeRequest { request.keepsAlive = false }
        let body = request.errorBody(error)
        self.core.noteStanding(request)
        var head = self.makeHead(
            status: ErrorBody.status(of: error, at: request.door), length: .known(UInt64(clamping: body.count)))
        switch error.status {
        case 401: head.asksForKey = true
        case 405:
            head.allow =
                request.route == .unknown
                ? "GET, HEAD, POST, OPTIONS" : request.route.allow(cors: request.settings.cors.isConfigured)
        default: break
        }
        head.forbidsRetry = request.limits.refusal?.refusal.kind.isBudget == true
        head.retryAfter = error.retryAfter.map { Array("\($0)".utf8) }
        head.wantsRetry = error.source != .client && error.retry == .later && error.retryAfter != nil
        if let end = request.end, let last = end.attempts.last {
            head.origin = request.origin(
                call: last.call, attempts: UInt8(clamping: end.attempts.count),
                cost: AttemptTotals(end.attempts).cost, now: head.now)
        }
        self.sendWhole(head, body)
    }

    /// Answers with what the edge has at hand.
    func send(_ answer: Admission.Answer, preflightHeaders: String?) {
        guard let request = self.request else { return }
        let body: [UInt8]
        var status: UInt16 = 200
        switch answer {
        case .preflight:
            var head = self.makeHead(status: 204, length: .absent)
            head.preflight = ReplyHead.Preflight(
                headers: preflightHeaders, isAdministration: request.administration != nil)
            return self.sendWhole(head, [])
        case .modelList:
            let models = request.isAnthropic ? request.settings.anthropicModels : request.settings.models
            let lists: [AllowList]
            do throws(GatewayError) {
                lists = try self.core.allowLists(of: request)
            } catch {
                return self.refuse(error)
            }
            body = lists.isEmpty ? models.all : models.some(request.settings.router.names(allowing: lists))
        case .model(let id):
            let lists: [AllowList]
            do throws(GatewayError) {
                lists = try self.core.allowLists(of: request)
            } catch {
                return self.refuse(error)
            }
            guard request.settings.router.allows(id, lists),
                let model = (request.isAnthropic ? request.settings.anthropicModels : request.settings.models)[id]
            else { return self.refuse(.modelNotFound(id)) }
            body = model
        case .health: body = Array(#"{"status":"ok"}"#.utf8)
        case .readiness:
            let isReady = self.core.isReady
            status = isReady ? 200 : 503
            let word = isReady ? "ready" : self.core.isDraining ? "draining" : "unavailable"
            body = Array(#"{"status":"\#(word)"}"#.utf8)
        case .root: body = HTTPConnection.welcome
        }
        let head = self.makeHead(status: status, length: .known(UInt64(clamping: body.count)))
        self.sendWhole(head, body)
    }

    private static let welcome: [UInt8] = {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("name")
        writer.string("sluice")
        writer.key("version")
        writer.string(SluiceVersion.current)
        writer.key("links")
        writer.beginObject()
        let links: [(StaticString, String)] = [
            ("models", "/v1/models"), ("health", "/health"), ("metrics", "/metrics"),
        ]
        for (name, path) in links {
            writer.key(name)
            writer.string(path)
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }()

    #if SLUICE_TEST_HOOKS
    /// Answers with what `TestHooks.probe` found.
    func send(probed body: [UInt8]) {
        self.sendWhole(self.makeHead(status: 200, length: .known(UInt64(clamping: body.count))), body)
    }
    #endif

    /// The head every reply has in common; settles whether the connection goes on.
    private func makeHead(status: UInt16, length: ReplyHead.Length) -> ReplyHead {
        let request =
            self.request
            ?? CurrentRequest(unreadable: self.core.mint(), settings: self.core.settings, start: self.core.now)
        let keepsAlive =
            request.keepsAlive && !self.core.isDraining && length != .untilClose
            && (self.machine.hasWholeRequest || request.canDiscard)
        self.request?.keepsAlive = keepsAlive
        self.request?.status = status
        let connection: ReplyHead.Connection =
            if self.stream != nil {
                .implied
            } else if keepsAlive {
                request.isHTTP10 ? .keepAlive : .implied
            } else {
                .close
            }
        var head = ReplyHead(
            status: status, length: length, connection: connection, record: request.record,
            requestID: request.requestID, isAnthropic: request.isAnthropic, cors: request.cors)
        head.limits = request.limits.reply
        head.now = self.core.now
        return head
    }

    private func sendWhole(_ head: ReplyHead, _ body: [UInt8]) {
        self.output.reserveCapacity(minimumWritableBytes: 512 + body.count)
        self.write(head)
        if let request = self.request, !request.isHeadOnly {
            self.output.writeBytes(body)
            if request.failure != nil {
                request.errorBytes = UInt64(clamping: body.count)
            } else {
                request.answerBytes = UInt64(clamping: body.count)
            }
        }
        self.replyIsWhole()
    }

    private func write(_ head: ReplyHead) {
        guard let stream = self.stream else { return head.write(to: &self.output, date: self.core.date) }
        var bytes = ByteBuffer()
        head.write(to: &bytes, date: self.core.date)
        stream.begin(bytes)
    }

    // MARK: Replies of a peer

    func replyBegan(_ reply: ResponseHead) {
        guard let request = self.request else { return }
        if request.settings.responseExtension == .body, self.extends(reply, of: request) { return }
        self.begin(reply)
    }

    func begin(_ reply: ResponseHead) {
        guard let request = self.request else { return }
        let length: ReplyHead.Length =
            if reply.status == 204 || reply.status == 304 {
                .absent
            } else if !reply.isStream, let count = reply.contentLength {
                .known(count)
            } else {
                self.stream != nil ? .untilEndOfStream : request.isHTTP10 ? .untilClose : .chunked
            }
        var head = self.makeHead(status: reply.status, length: length)
        head.contentType = .provider(reply.contentType)
        head.retryAfter = reply.retryAfter
        head.providerRequestID = reply.providerRequestID
        head.origin = request.origin(of: reply, now: head.now)
        head.isStream = reply.isStream
        if request.administration != nil { head.further = reply.further }
        self.request?.call = reply.call
        self.request?.hasReplyOfPeer = true
        self.request?.repliesWithEvents = reply.isStream
        self.framing = ReplyFraming(length: length, isHeadOnly: request.isHeadOnly)
        self.isCloseDelimited = length == .untilClose
        self.output.reserveCapacity(minimumWritableBytes: 640 + Int(clamping: min(reply.contentLength ?? 0, 64 << 10)))
        if request.isRecorded, self.framing?.isWhole == true {
            var whole = ByteBuffer()
            head.write(to: &whole, date: self.core.date)
            self.withheld = whole
            self.withholdsHead = true
            return
        }
        self.write(head)
        self.scheduleFlush()
    }

    func requestWasSent() {
        self.request?.dispatchedAt = self.core.now
    }

    func reply(_ chunk: ByteBuffer) {
        guard let request = self.request else { return }
        let isContent = !(request.repliesWithEvents && HTTPConnection.isComment(chunk))
        if isContent, request.firstContent == nil { request.firstContent = self.core.now }
        if request.settings.requestLogging.responses, request.replySample.count < AccessLog.longestSample {
            request.replySample += chunk.readableBytesView.prefix(AccessLog.longestSample - request.replySample.count)
        }
        if let extended = self.extended { return self.extend(extended, with: chunk, isContent: isContent) }
        self.pass(chunk, isContent: isContent)
    }

    func pass(_ chunk: ByteBuffer, isContent: Bool) {
        guard let request = self.request else { return }
        let piece = self.framing?.piece(chunk.readableBytes)
        if piece == .plain, request.isRecorded, self.framing?.isWhole == true {
            // END follows in the same read, as a rule; it is settled before the client has the whole reply.
            self.withheld = chunk
            return
        }
        if isContent, piece == .plain || piece == .chunk {
            request.replyBytes &+= UInt64(clamping: chunk.readableBytes)
        }
        guard self.write(chunk, as: piece) else {
            self.withheld = nil
            return self.abort(.invalidReply)
        }
        self.scheduleFlush()
    }

    /// False for what is too much.
    func write(_ chunk: ByteBuffer, as piece: ReplyFraming.Piece?) -> Bool {
        switch piece {
        case .plain: self.write(chunk)
        case .chunk:
            self.makeRoom(min(chunk.readableBytes, HTTPConnection.copyLimit) + 20)
            self.output.writeChunkHeader(chunk.readableBytes)
            self.write(chunk)
            self.output.writeStaticString("\r\n")
        case .tooMuch: return false
        case .nothing, nil: break
        }
        return true
    }

    /// What an upstream sends to keep a connection alive while a model thinks: nothing of the provider's.
    private static func isComment(_ chunk: ByteBuffer) -> Bool {
        chunk.readableBytes <= 32
            && chunk.getInteger(at: chunk.readerIndex, as: UInt8.self) == UInt8(ascii: ":")
    }

    /// Has room for `count` bytes in the buffer, or a new one: a client that does not read costs about what waits for it,
    /// where a buffer that grows by doubling would cost twice as much and keep all of it until the last byte has gone.
    private func makeRoom(_ count: Int) {
        guard self.output.writableBytes < count else { return }
        if self.output.readableBytes >= HTTPConnection.copyLimit, let context = self.context {
            self.progress.handedOver(self.output.readableBytes)
            self.direct.wroteToChannel()
            context.write(self.wrapOutboundOut(self.output), promise: nil)
            self.output = ByteBuffer()
        }
        self.output.reserveCapacity(minimumWritableBytes: count)
    }

    private func write(_ chunk: ByteBuffer) {
        var chunk = chunk
        let count = chunk.readableBytes
        guard count >= HTTPConnection.copyLimit, count * 2 >= chunk.storageCapacity, let context = self.context else {
            self.makeRoom(count)
            self.output.writeBuffer(&chunk)
            return
        }
        self.progress.handedOver(self.output.readableBytes + count)
        self.direct.wroteToChannel()
        if self.output.readableBytes > 0 { context.write(self.wrapOutboundOut(self.output), promise: nil) }
        self.output = ByteBuffer()
        context.write(self.wrapOutboundOut(chunk), promise: nil)
    }

    func replyEnded(_ end: StreamEnd) {
        self.exchange = nil
        self.request?.end = end
        if let failure = self.request?.pendingFailure ?? end.failure { return self.replyFailed(failure) }
        if let extended = self.extended, !self.conclude(extended, end) { return self.replyFailed(.invalidReply) }
        if let withheld = self.withheld {
            self.withheld = nil
            if !self.withholdsHead { self.request?.replyBytes &+= UInt64(clamping: withheld.readableBytes) }
            if self.withholdsHead, let stream = self.stream { stream.begin(withheld) } else { self.write(withheld) }
            self.withholdsHead = false
        }
        guard self.framing?.end(&self.output) == true else { return self.replyFailed(.invalidReply) }
        self.framing = nil
        self.replyIsWhole()
    }

    func replyFailed(_ error: GatewayError) {
        self.exchange = nil
        self.withheld = nil
        if let extended = self.extended { self.giveUp(extended) }
        guard let request = self.request else { return }
        var error = request.pendingFailure ?? error
        if request.route == .administration { error = error.ofAdministration }
        if self.withholdsHead { self.framing = nil }
        self.withholdsHead = false
        guard let framing = self.framing else { return self.refuse(error) }
        // Too late for a status: an error event where the client reads events, and an end nobody takes for a clean one.
        self.framing = nil
        request.failure = error
        self.core.failed(error, record: request.record, endpoint: request.route.label)
        if request.repliesWithEvents {
            let event = ErrorBody.renderEvent(error, at: request.door)
            var rest = framing
            let piece = rest.piece(event.count)
            if piece == .chunk { self.output.writeChunkHeader(event.count) }
            if piece != .nothing {
                self.output.writeBytes(event)
                request.errorBytes = UInt64(clamping: event.count)
            }
            if piece == .chunk { self.output.writeStaticString("\r\n") }
        }
        self.finishRequest()
        self.machine.closed()
        let endsClean = self.stream == nil && (request.repliesWithEvents || framing.tellsItsEnd)
        self.closing = endsClean ? .close : .abort
        self.scheduleFlush()
    }

    // MARK: The end of a reply

    private func replyIsWhole() {
        let request = self.request
        self.finishRequest()
        self.scheduleFlush()
        let next = self.machine.replyEnded(
            keepsAlive: request?.keepsAlive == true, canDiscard: request?.canDiscard == true, hasHeld: self.hasHeld,
            now: self.core.now)
        switch next {
        case .next: self.becameFree()
        case .wait: break
        case .close: self.closing = .close
        case .linger:
            self.closing = .linger
            self.forgetHeld()
        }
    }

    /// Settles and counts the request, and forgets it.
    private func finishRequest() {
        guard let request = self.request else { return }
        self.request = nil
        self.core.finish(request, isGone: false)
        if request.isActive { self.core.requestFinished() }
    }

    // MARK: Writing

    func scheduleFlush() {
        guard !self.isFlushScheduled else { return }
        self.isFlushScheduled = true
        self.core.flusher.add(self)
    }

    func flushTurn() {
        self.isFlushScheduled = false
        guard let context = self.context else { return }
        guard self.closing == .none else { return self.writeLast(context) }
        if self.sendAtOnce(context) {
            self.exchange?.written()
            return
        }
        if !context.channel.isWritable {
            // Large pieces of this turn may be the reason, and may go now.
            context.flush()
            // A slow client: many small pieces cost less memory in one buffer than as writes of their own.
            guard context.channel.isWritable else { return }
        }
        if self.output.readableBytes > 0 {
            let output = self.output
            self.output = ByteBuffer()
            self.progress.handedOver(output.readableBytes)
            self.direct.wroteToChannel()
            context.writeAndFlush(self.wrapOutboundOut(output), promise: nil)
        } else {
            context.flush()
        }
        if context.channel.isWritable { self.exchange?.written() }
    }

    /// The common turn: nothing waits in the channel, and the socket takes all there is. What it does not take is left.
    private func sendAtOnce(_ context: ChannelHandlerContext) -> Bool {
        let count = self.output.readableBytes
        guard count > 0 else { return false }
        let isWhole = self.direct.send(&self.output, context)
        self.progress.handedOver(count - self.output.readableBytes)
        guard isWhole else { return false }
        // Memory for the next event of a stream; that of more is given back.
        if self.output.capacity <= HTTPConnection.keptOutput {
            self.output.clear()
        } else {
            self.output = ByteBuffer()
        }
        return true
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            if self.output.readableBytes > 0 { self.scheduleFlush() } else { self.exchange?.written() }
        }
        context.fireChannelWritabilityChanged()
    }

    private func writeLast(_ context: ChannelHandlerContext) {
        let output = self.output
        self.output = ByteBuffer()
        guard self.closeDeadline == .max || output.readableBytes > 0 || self.closing == .close else { return }
        self.closeDeadline = min(self.closeDeadline, self.core.now &+ HTTPConnection.closePatience)
        self.direct.wroteToChannel()
        let promise = context.eventLoop.makePromise(of: Void.self)
        let closing = self.closing
        if closing != .abort { self.stream?.endsWithNextWrite() }
        promise.futureResult.assumeIsolated().whenComplete { [weak self] result in
            if case .success = result {
                self?.isLastTaken = true
                if closing == .linger { return context.close(mode: .output, promise: nil) }
            }
            self?.cut()
        }
        context.writeAndFlush(self.wrapOutboundOut(output), promise: promise)
    }

    /// Output waits, and the client has taken none of it for too long. To be asked every second or so.
    func hasStalled(now: UInt64) -> Bool {
        // The last bytes have a deadline of their own.
        guard self.closing == .none, let channel = self.context?.channel else { return false }
        let buffered: Int
        if let stream = self.stream {
            // NIO's channel of a stream has no such option, and ends the process of whoever asks.
            buffered = stream.waiting
        } else {
            buffered = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        }
        return self.progress.isStalled(
            waits: buffered > 0 || self.output.readableBytes > 0 || !channel.isWritable, buffered: buffered, now: now)
    }

    /// Closes now; with a reset where what the client has could pass for a whole reply.
    func cut() {
        guard let context = self.context else { return }
        if self.isCloseDelimited, !self.isLastTaken { self.closing = .abort }
        if self.closing == .abort {
            HTTPConnection.closeWithReset(context.channel)
            // TLS would say first that this is a proper end.
            if let secure = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
                return secure.close(promise: nil)
            }
        }
        context.close(promise: nil)
    }

    /// The close that follows drops what the kernel still holds and tells the client that something went wrong.
    private static func closeWithReset(_ channel: any Channel) {
        _ = (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    }
}
