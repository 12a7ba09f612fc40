import Administration
import Platform

/// One operator's connection: a request, its answer, the next request.
///
/// Nothing is read while an answer has not gone out, so that a peer which only writes costs one frame of memory and one
/// answer. A request that is whole waits for its turn (`OperatorSocket`). Lives on control's loop.
final class OperatorConnection: DescriptorHandler {
    /// Nanoseconds without a whole request or a byte of an answer taken, after which the connection is closed.
    static let patience: UInt64 = 30_000_000_000

    let number: Int32
    private let socket: StreamSocket
    private let loop: EpollLoop
    private let desk: AdministrationDesk
    private let whenClosed: (Int32) -> Void
    private var input: [UInt8] = []
    private var output: ArraySlice<UInt8> = []
    private var timer: LoopTimer?
    private let whenAsked: (OperatorConnection) -> Void
    /// A whole request is here and waits for `answerNow`.
    private var isWaiting = false

    init(
        _ descriptor: consuming OwnedDescriptor, loop: EpollLoop, desk: AdministrationDesk,
        whenAsked: @escaping (OperatorConnection) -> Void, whenClosed: @escaping (Int32) -> Void
    ) throws(SystemError) {
        self.socket = try StreamSocket(descriptor)
        self.number = self.socket.number
        self.loop = loop
        self.desk = desk
        self.whenAsked = whenAsked
        self.whenClosed = whenClosed
        try loop.watch(self.number, for: .readable, handler: self)
        self.timer = loop.schedule(after: Self.patience) { [weak self] in self?.end() }
    }

    /// Closes without telling the owner.
    func close() {
        guard self.socket.number >= 0 else { return }
        if let timer = self.timer { self.loop.cancel(timer) }
        self.timer = nil
        self.loop.forget(self.number)
        self.socket.close()
    }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        guard !self.isWaiting else { return }
        guard self.output.isEmpty ? self.read() : self.write() else { return self.end() }
    }

    private func end() {
        guard self.socket.number >= 0 else { return }
        self.close()
        self.whenClosed(self.number)
    }

    /// Takes what has come, up to one frame's size; false when the connection is over.
    private func read() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        switch unsafe buffer.withUnsafeMutableBytes({ unsafe self.socket.receive(into: $0) }) {
        case .wouldBlock: return true
        case .ended, .failed: return false
        case .bytes(let count): self.input += buffer.prefix(count)
        }
        return self.lookForRequest()
    }

    /// Asks for a turn when there is a whole request; false for one that is too long.
    private func lookForRequest() -> Bool {
        let header = AdministrationFrame.headerSize
        guard self.input.count >= header else { return true }
        guard let length = AdministrationFrame.length(self.input.prefix(header)) else { return false }
        guard self.input.count >= header + length else { return true }
        self.isWaiting = true
        self.whenAsked(self)
        return true
    }

    /// Hands in the request it has asked a turn for.
    func answerNow() {
        guard self.isWaiting, self.socket.number >= 0 else { return }
        let header = AdministrationFrame.headerSize
        guard let length = AdministrationFrame.length(self.input.prefix(header)), self.input.count >= header + length
        else { return self.end() }
        let text = Array(self.input[header..<(header + length)])
        self.input.removeFirst(header + length)
        // How long the answer takes is not the peer's fault.
        if let timer = self.timer { self.loop.cancel(timer) }
        self.desk.answer(text) { [weak self] answer in self?.answered(answer) }
    }

    private func answered(_ answer: [UInt8]) {
        guard self.isWaiting, self.socket.number >= 0 else { return }
        self.isWaiting = false
        guard let frame = AdministrationFrame.encode(answer) else { return self.end() }
        self.output = frame[...]
        self.extend()
        guard self.write() else { return self.end() }
    }

    /// Writes what goes; then goes on to the next request.
    private func write() -> Bool {
        switch unsafe self.output.withUnsafeBytes({ unsafe self.socket.send($0) }) {
        case .bytes(let count):
            self.output = self.output.dropFirst(count)
            self.extend()
        case .wouldBlock: break
        case .ended, .failed: return false
        }
        do throws(SystemError) {
            try self.loop.change(self.number, to: self.output.isEmpty ? .readable : .writable)
        } catch {
            return false
        }
        return self.output.isEmpty ? self.lookForRequest() : true
    }

    private func extend() {
        if let timer = self.timer { self.loop.reschedule(timer, after: Self.patience) }
    }
}
