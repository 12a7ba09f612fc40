public import Platform

/// The supervisor line of a worker that runs on an `EpollLoop`: owns the socket and hands what arrives to the endpoint.
public final class EpollControlLine: DescriptorHandler {
    private let socket: PacketSocket
    private let endpoint: ControlLineEndpoint
    private let loop: EpollLoop

    /// Starts to listen; the loop keeps this object alive until the line ends.
    public init(socket: PacketSocket, endpoint: ControlLineEndpoint, loop: EpollLoop) throws(SystemError) {
        self.socket = socket
        self.endpoint = endpoint
        self.loop = loop
        try loop.watch(socket.number, for: .readable, handler: self)
    }

    public func ready(_ fd: Int32, _ readiness: Readiness) {
        while true {
            let received: PacketSocket.Received
            do {
                received = try self.socket.receive()
            } catch {
                received = .ended
            }
            switch received {
            case .empty: return
            case .packet: self.endpoint.received(received)
            case .ended, .oversized:
                self.loop.forget(self.socket.number)
                return self.endpoint.received(received)
            }
        }
    }
}
