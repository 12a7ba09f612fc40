import Platform

/// One running child: its process and the supervisor's end of its control socket. Lives on the supervisor's loop, which
/// keeps it until it has been told of the end.
final class ChildConnection: DescriptorHandler {
    /// Packets read in one go, so that no child keeps the loop to itself.
    private static let packetsPerTurn = 16

    let seat: Seat
    let process: ChildProcess
    let socket: PacketSocket
    private let loop: EpollLoop
    private weak var owner: SupervisorLoop?
    private var isLineOpen = true

    init(
        seat: Seat, process: ChildProcess, socket: PacketSocket, loop: EpollLoop, owner: SupervisorLoop
    ) throws(SystemError) {
        self.seat = seat
        self.process = process
        self.socket = socket
        self.loop = loop
        self.owner = owner
        try loop.watch(process.number, for: .readable, handler: self)
        do {
            try loop.watch(socket.number, for: .readable, handler: self)
        } catch {
            loop.forget(process.number)
            throw error
        }
    }

    /// Stops watching; both descriptors are closed when this object goes.
    func close() {
        self.closeLine()
        self.loop.forget(self.process.number)
    }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        if fd == self.process.number {
            guard let status = self.process.reap() else { return }
            self.owner?.ended(self, status)
        } else {
            self.read()
        }
    }

    private func read() {
        for _ in 0..<Self.packetsPerTurn where self.isLineOpen {
            let received = (try? self.socket.receive()) ?? .ended
            switch received {
            case .empty: return
            case .packet: break
            case .ended, .oversized: self.closeLine()
            }
            self.owner?.received(received, from: self)
        }
    }

    private func closeLine() {
        guard self.isLineOpen else { return }
        self.isLineOpen = false
        self.loop.forget(self.socket.number)
    }
}
