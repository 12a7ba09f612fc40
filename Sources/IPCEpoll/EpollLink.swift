public import IPC
public import Metrics
public import Platform

/// One end of a link between two processes, on an `EpollLoop`.
///
/// It owns the socket. It reads as much as is there, hands whole frames to its delegate, and writes once per loop turn what
/// the turn has queued. Reading never waits for writing. A peer that breaks the protocol is cut off.
public final class EpollLink: DescriptorHandler, TurnEndHandler {
    private let loop: EpollLoop
    private let scratch: LinkScratch
    private let socket: StreamSocket
    private var machine: LinkMachine
    private var output = OutputQueue()
    /// The batch that is being written, and how much of it has gone out.
    private var batch: [UInt8] = []
    private var written = 0
    /// The start of a frame whose rest has not arrived.
    private var partial: [UInt8] = []
    /// Input may hold secrets: it is overwritten when it has been handled.
    private let wipesInput: Bool
    private var waitsForTurnEnd = false
    private var waitsForWritable = false
    private var isClosed = false
    /// Let go when the link is closed, which ends the circle of the two: a weak reference would make each use of the delegate,
    /// by whomever, slower.
    private var delegate: (any EpollLinkDelegate)?
    private let counters: LinkCounters?

    /// Takes over the socket and greets the peer. `scratch` is shared by the links of the loop, `counters` by those to peers of the
    /// same role. With `wipesInput` what has come is overwritten as soon as the delegate has had it.
    public init(
        loop: EpollLoop, descriptor: consuming OwnedDescriptor, machine: LinkMachine, scratch: LinkScratch,
        counters: LinkCounters? = nil, wipesInput: Bool = false, delegate: any EpollLinkDelegate
    ) throws(SystemError) {
        self.loop = loop
        self.counters = counters
        self.scratch = scratch
        self.machine = machine
        self.wipesInput = wipesInput
        self.delegate = delegate
        self.socket = try StreamSocket(descriptor)
        try loop.watch(self.socket.number, for: .readable, handler: self)
        self.send(machine.greeting)
    }

    /// Whether the peer has introduced itself and the link still stands.
    public var isOpen: Bool { self.machine.isOpen && !self.isClosed }

    /// Data waits because the peer has not read what it was sent: who makes more of it had better stop until the delegate
    /// hears `linkRelieved`. Nothing is refused meanwhile.
    public var isCongested: Bool { self.output.isHolding }

    // MARK: Sending

    /// Sends a whole frame that carries no data, in order.
    public func send(_ frame: [UInt8]) {
        guard !self.isClosed else { return }
        self.counters?.sent(frame.count)
        self.output.append(frame)
        self.flushAtTurnEnd()
    }

    /// Sends a CREDIT or CANCEL frame; it does not wait behind data.
    public func send(urgent frame: [UInt8]) {
        guard !self.isClosed else { return }
        self.counters?.sent(frame.count)
        self.output.append(urgent: frame)
        self.flushAtTurnEnd()
    }

    /// Sends data of a stream, in frames of at most 64 KiB; the stream's own window is the caller's business. `flags` go
    /// on the last frame.
    public func send(_ type: FrameType, stream: UInt64, flags: UInt8 = 0, data: UnsafeRawBufferPointer) {
        guard !self.isClosed else { return }
        let wasCongested = self.isCongested
        var offset = 0
        repeat {
            let count = min(WireLimits.data, data.count - offset)
            let isLast = offset + count == data.count
            let header = FrameHeader(
                type: type, flags: isLast ? flags : 0, stream: stream, length: UInt32(clamping: count))
            self.counters?.sent(WireLimits.header + count)
            unsafe self.output.append(
                data: header, UnsafeRawBufferPointer(rebasing: data[offset..<(offset + count)]), window: &self.machine)
            offset += count
        } while offset < data.count
        if self.isCongested && !wasCongested { self.counters?.stalled() }
        self.flushAtTurnEnd()
    }

    /// Closes the link; the delegate is told with `error` unless the link was closed before.
    public func close(error: FrameError? = nil) {
        guard !self.isClosed else { return }
        self.isClosed = true
        if self.machine.isOpen { self.counters?.ended() }
        self.loop.forget(self.socket.number)
        self.socket.close()
        self.delegate?.linkEnded(self, error: error)
        self.delegate = nil
    }

    // MARK: Loop

    public func turnEnded() {
        self.waitsForTurnEnd = false
        if !self.waitsForWritable { self.write() }
    }

    public func ready(_ fd: Int32, _ readiness: Readiness) {
        if readiness.contains(.writable) && !self.isClosed { self.write() }
        if !readiness.isDisjoint(with: [.readable, .readHangUp, .hangUp, .failed]) && !self.isClosed { self.read() }
    }

    private func flushAtTurnEnd() {
        guard !self.waitsForTurnEnd else { return }
        self.waitsForTurnEnd = true
        self.loop.atTurnEnd(self)
    }

    // MARK: Writing

    private func write() {
        while !self.isClosed {
            if self.written == self.batch.count {
                // Taken out first: a batch that is referred to twice could not be reused in place.
                var finished: [UInt8] = []
                swap(&finished, &self.batch)
                self.output.recycle(finished)
                self.written = 0
                guard let next = self.output.nextBatch() else {
                    self.watchWritable(false)
                    return
                }
                self.batch = next
            }
            let outcome = unsafe self.batch.withUnsafeBytes {
                unsafe self.socket.send(UnsafeRawBufferPointer(rebasing: $0[self.written...]))
            }
            switch outcome {
            case .bytes(let count): self.written += count
            case .wouldBlock: return self.watchWritable(true)
            case .ended, .failed: return self.close()
            }
        }
    }

    private func watchWritable(_ wanted: Bool) {
        guard wanted != self.waitsForWritable else { return }
        self.waitsForWritable = wanted
        if wanted { self.counters?.stalled() }
        do {
            try self.loop.change(self.socket.number, to: wanted ? [.readable, .writable] : .readable)
        } catch {
            self.close()
        }
    }

    // MARK: Reading

    private func read() {
        let buffer = unsafe self.scratch.buffer
        let kept = self.partial.count
        unsafe self.partial.withUnsafeBytes { unsafe buffer.copyMemory(from: $0) }
        let outcome = unsafe self.socket.receive(into: UnsafeMutableRawBufferPointer(rebasing: buffer[kept...]))
        guard case .bytes(let count) = outcome else {
            if self.wipesInput { unsafe MemoryWipe.overwrite(UnsafeRawBufferPointer(rebasing: buffer[..<kept])) }
            if outcome != .wouldBlock { self.close() }
            return
        }
        if self.wipesInput { unsafe self.partial.withUnsafeBytes { unsafe MemoryWipe.overwrite($0) } }
        self.partial.removeAll(keepingCapacity: true)
        var offset = 0
        let end = kept + count
        defer {
            if self.wipesInput { unsafe MemoryWipe.overwrite(UnsafeRawBufferPointer(rebasing: buffer[..<end])) }
        }
        while !self.isClosed {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[offset..<end])
            let consumed: Int
            do throws(FrameError) {
                consumed = unsafe try self.readFrame(rest)
            } catch {
                self.close(error: error)
                return
            }
            guard consumed > 0 else {
                unsafe self.partial.append(contentsOf: rest)
                return
            }
            offset += consumed
        }
    }

    /// Handles the frame at the start of `bytes`; returns its size, 0 when it is not whole.
    private func readFrame(_ bytes: UnsafeRawBufferPointer) throws(FrameError) -> Int {
        guard let header = unsafe try FrameHeader(bytes, accepting: self.machine.accepted) else { return 0 }
        let size = WireLimits.header + Int(header.length)
        guard bytes.count >= size else { return 0 }
        let payload = unsafe UnsafeRawBufferPointer(rebasing: bytes[WireLimits.header..<size])
        switch unsafe try self.machine.received(header, payload) {
        case .opened:
            self.counters?.opened()
            self.delegate?.linkOpened(self)
        case .linkCredited:
            let wasCongested = self.isCongested
            self.output.release(window: &self.machine)
            self.flushAtTurnEnd()
            if wasCongested && !self.isCongested { self.delegate?.linkRelieved(self) }
        case .ignore:
            break
        case .deliverCancelled:
            unsafe self.delegate?.link(self, received: header, payload: payload)
            let cancel = FrameHeader(type: .cancel, stream: header.stream, length: 0)
            if !self.isClosed {
                unsafe self.delegate?.link(
                    self, received: cancel, payload: UnsafeRawBufferPointer(start: nil, count: 0))
            }
        case .deliver(let credit):
            if let credit { self.send(urgent: Credit(bytes: credit).frame()) }
            unsafe self.delegate?.link(self, received: header, payload: payload)
        }
        return size
    }
}
