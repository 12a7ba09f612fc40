public import IPC
public import Metrics
public import NIOCore

/// One end of a link between two processes, as the only handler of a NIO channel.
///
/// Owns the framing, the link's windows (by `LinkMachine`) and the order of output; streams, their numbers and their
/// windows belong to its delegate. Lives on the channel's event loop; not `Sendable`.
///
/// Input: each header is checked as soon as its 16 bytes are there, frames are handed out as slices of what was read. What
/// waits for the rest of a frame is at most that frame and one read. Reading never waits for writing.
///
/// Output: frames of one turn are gathered and written with one flush at its end (`TurnFlusher`). CREDIT, CANCEL and
/// GRANT go before everything that waits. Data beyond the link's window, or while the socket does not take more, waits in the
/// queue, and frames sent after it wait behind it, so that no stream's frames change their order. The queue holds
/// references, not copies; its users bound it by the windows of their streams.
public final class LinkHandler: ChannelInboundHandler, TurnFlushing {
    public typealias InboundIn = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    /// Payloads up to this size are copied behind each other; larger ones are written as they are.
    private static let copyLimit = 8 << 10
    /// Gathered bytes that are handed to the channel before the turn ends.
    private static let gatherLimit = 64 << 10

    private enum Phase {
        case waiting
        case connected(ChannelHandlerContext)
        case ended
    }

    private var phase = Phase.waiting
    private var machine: LinkMachine
    private var delegate: (any LinkDelegate)?
    private let flusher: TurnFlusher
    private let counters: LinkCounters?
    /// The start of a frame whose rest has not come yet.
    private var partial = ByteBuffer()
    private var output = ByteBuffer()
    private var isFlushScheduled = false
    private var hasWritten = false
    private var direct = DirectOutput()
    private var queue = LinkBacklog()
    private var writer = WireWriter(reserving: 512)

    /// `machine` says who both sides are; `flusher` is that of the channel's event loop. `counters` are shared by the links to peers of
    /// the same role.
    public init(
        machine: LinkMachine, delegate: any LinkDelegate, flusher: TurnFlusher, counters: LinkCounters? = nil
    ) {
        self.counters = counters
        self.machine = machine
        self.delegate = delegate
        self.flusher = flusher
    }

    /// HELLO has come and the link has not ended.
    public var isOpen: Bool {
        if case .connected = self.phase { return self.machine.isOpen }
        return false
    }

    /// Bytes of data that wait for the window or the socket.
    public var waitingBytes: Int { self.queue.dataBytes }

    // MARK: Sending

    /// Sends a message; CREDIT, GRANT and CANCEL overtake what waits. Does nothing once the link has ended.
    public func send<Message: WireMessage>(_ message: Message, stream: UInt64 = 0, flags: UInt8 = 0) {
        guard case .connected = self.phase else { return }
        self.writer.reset()
        message.write(to: &self.writer)
        let header = FrameHeader(
            type: Message.frameType, flags: flags, stream: stream, length: UInt32(clamping: self.writer.bytes.count))
        self.counters?.sent(WireLimits.header + self.writer.bytes.count)
        guard self.queue.isEmpty || Message.frameType == .credit || Message.frameType == .grant else {
            var frame = ByteBuffer()
            frame.reserveCapacity(WireLimits.header + self.writer.bytes.count)
            frame.writeFrameHeader(header)
            frame.writeBytes(self.writer.bytes)
            self.queue.append(frame: frame, type: Message.frameType, stream: stream)
            return
        }
        self.output.writeFrameHeader(header)
        self.output.writeBytes(self.writer.bytes)
        self.gathered()
    }

    /// Sends `data` in frames of at most 64 KiB; `flags` go on the last one. Empty data is one empty frame.
    public func sendData(_ type: FrameType, stream: UInt64, flags: UInt8 = 0, _ data: ByteBuffer) {
        guard case .connected(let context) = self.phase else { return }
        var piece = LinkBacklog.Data(type: type, stream: stream, flags: flags, bytes: data)
        if self.queue.isEmpty {
            if self.write(&piece, context) { return }
            self.counters?.stalled()
        }
        self.queue.append(piece)
    }

    /// Ends a stream from this side: what of it still waits is dropped, and the peer is told unless it has not heard of
    /// the stream at all. True when it was told, so that it may answer.
    @discardableResult
    public func cancel(stream: UInt64) -> Bool {
        guard case .connected = self.phase, !self.queue.drop(stream: stream) else { return false }
        self.counters?.sent(WireLimits.header)
        self.output.writeFrameHeader(FrameHeader(type: .cancel, stream: stream, length: 0))
        self.gathered()
        return true
    }

    /// Closes the link; the delegate hears of it.
    public func close() {
        self.end(.closed)
    }

    // MARK: Output

    /// Writes as much of `piece` as window and socket take now; true when nothing is left.
    private func write(_ piece: inout LinkBacklog.Data, _ context: ChannelHandlerContext) -> Bool {
        repeat {
            guard context.channel.isWritable else { return false }
            let wanted = min(piece.bytes.readableBytes, WireLimits.data)
            let count = self.machine.takeSendWindow(upTo: wanted)
            guard count > 0 || wanted == 0 else { return false }
            let isLast = count == piece.bytes.readableBytes
            self.counters?.sent(WireLimits.header + count)
            self.output.writeFrameHeader(
                FrameHeader(
                    type: piece.type, flags: isLast ? piece.flags : 0, stream: piece.stream,
                    length: UInt32(clamping: count)))
            if var payload = piece.bytes.readSlice(length: count) {
                if count <= LinkHandler.copyLimit {
                    self.output.writeBuffer(&payload)
                } else {
                    self.writeOutput(context)
                    context.write(self.wrapOutboundOut(payload), promise: nil)
                    self.direct.wroteToChannel()
                }
            }
            self.gathered()
            if isLast { return true }
        } while true
    }

    private func gathered() {
        if self.output.readableBytes >= LinkHandler.gatherLimit, case .connected(let context) = self.phase {
            self.writeOutput(context)
        }
        guard !self.isFlushScheduled else { return }
        self.isFlushScheduled = true
        self.flusher.add(self)
    }

    private func writeOutput(_ context: ChannelHandlerContext) {
        guard self.output.readableBytes > 0 else { return }
        context.write(self.wrapOutboundOut(self.output), promise: nil)
        self.direct.wroteToChannel()
        self.hasWritten = true
        self.output = ByteBuffer()
    }

    public func flushTurn() {
        self.isFlushScheduled = false
        guard case .connected(let context) = self.phase else { return }
        if !self.hasWritten, self.output.readableBytes > 0 {
            // The common turn: one buffer, whose memory serves again once the socket has taken it.
            if !self.direct.send(&self.output, context) {
                // Out of `self` first: the channel may call back while it writes.
                let output = self.output
                self.output = ByteBuffer()
                self.direct.wroteToChannel()
                context.writeAndFlush(self.wrapOutboundOut(output), promise: nil)
                return
            }
            if self.output.capacity <= LinkHandler.gatherLimit {
                self.output.clear()
            } else {
                self.output = ByteBuffer()
            }
        } else {
            self.writeOutput(context)
            self.hasWritten = false
            context.flush()
        }
    }

    /// Sends what waited, in order, as far as window and socket allow.
    private func drainQueue() {
        guard case .connected(let context) = self.phase else { return }
        while let first = self.queue.popFirst() {
            switch first {
            case .frame(var frame, _, _):
                self.output.writeBuffer(&frame)
                self.gathered()
            case .data(var piece):
                guard self.write(&piece, context) else { return self.queue.prepend(piece) }
            }
        }
    }

    // MARK: Input

    private func consume(_ buffer: inout ByteBuffer) throws(FrameError) {
        while case .connected = self.phase {
            let accepted = self.machine.accepted
            let known = unsafe try buffer.withUnsafeReadableBytes { (bytes) throws(FrameError) in
                unsafe try FrameHeader(bytes, accepting: accepted)
            }
            guard let header = known, buffer.readableBytes - WireLimits.header >= Int(header.length) else { return }
            buffer.moveReaderIndex(forwardBy: WireLimits.header)
            guard let payload = buffer.readSlice(length: Int(header.length)) else { return }
            try self.handle(header, payload)
        }
    }

    private func handle(_ header: FrameHeader, _ payload: ByteBuffer) throws(FrameError) {
        let action = unsafe try payload.withUnsafeReadableBytes { (bytes) throws(FrameError) in
            unsafe try self.machine.received(header, bytes)
        }
        switch action {
        case .opened:
            self.counters?.opened()
            self.delegate?.linkOpened(self)
        case .linkCredited:
            self.drainQueue()
        case .deliver(let credit):
            if let credit { self.send(Credit(bytes: credit)) }
            try self.delegate?.link(self, received: header, payload: payload)
        // Under NIO there are clients of streams only.
        case .ignore, .deliverCancelled: break
        }
    }

    private func end(_ end: LinkEnd) {
        guard case .connected(let context) = self.phase else { return }
        self.phase = .ended
        if self.machine.isOpen { self.counters?.ended() }
        self.partial = ByteBuffer()
        self.output = ByteBuffer()
        self.queue = LinkBacklog()
        let delegate = self.delegate
        self.delegate = nil
        context.close(promise: nil)
        delegate?.linkEnded(self, end)
    }

    // MARK: ChannelInboundHandler

    public func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { self.connected(context) }
    }

    public func channelActive(context: ChannelHandlerContext) {
        self.connected(context)
    }

    private func connected(_ context: ChannelHandlerContext) {
        guard case .waiting = self.phase else { return }
        self.phase = .connected(context)
        self.output.writeBytes(self.machine.greeting)
        self.gathered()
    }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .connected = self.phase else { return }
        let buffer = self.unwrapInboundIn(data)
        self.flusher.burst { self.received(buffer) }
    }

    private func received(_ bytes: ByteBuffer) {
        var buffer = bytes
        do throws(FrameError) {
            if self.partial.readableBytes == 0 {
                try self.consume(&buffer)
                self.partial = buffer
            } else {
                var joined = self.partial
                self.partial = ByteBuffer()
                joined.writeBuffer(&buffer)
                try self.consume(&joined)
                self.partial = joined
            }
            // An empty rest would keep the whole block alive.
            if self.partial.readableBytes == 0 { self.partial = ByteBuffer() }
        } catch {
            self.end(.violation(error))
        }
    }

    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { self.drainQueue() }
    }

    public func channelInactive(context: ChannelHandlerContext) {
        self.end(.closed)
    }

    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.end(.failed(String(describing: error)))
    }

    public func handlerRemoved(context: ChannelHandlerContext) {
        self.end(.closed)
    }
}

extension ByteBuffer {
    /// Writes the 16 bytes of a frame header.
    @inline(__always)
    mutating func writeFrameHeader(_ header: FrameHeader) {
        let words = header.words
        self.writeMultipleIntegers(words.0, words.1)
    }
}
