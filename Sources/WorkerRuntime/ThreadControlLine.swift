public import Platform

/// The supervisor line of a worker whose event loop is not ours (the edge's is SwiftNIO's, whose channels carry no
/// descriptors): a thread sleeps on the socket and passes on what arrives.
public enum ThreadControlLine {
    /// Reads until the line ends, passing each packet, and the end, to `handOver`; `handOver` brings it to the role's event
    /// loop, where it goes to `ControlLineEndpoint.received`. Then sleeps: the endpoint ends the process.
    ///
    /// To be called on the main thread; returns never. Sends from the event loop use the same socket meanwhile.
    public static func run(_ socket: PacketSocket, handOver: @Sendable (PacketSocket.Received) -> Void) -> Never {
        self.read(socket, handOver: handOver)
        while true { ProcessHardening.sleepForEver() }
    }

    /// The reading part of `run`: returns after the end was handed over.
    public static func read(_ socket: PacketSocket, handOver: (PacketSocket.Received) -> Void) {
        socket.makeBlocking()
        while true {
            let received: PacketSocket.Received
            do {
                received = try socket.receive(wait: true)
            } catch {
                received = .ended
            }
            switch received {
            case .empty: continue
            case .packet: handOver(received)
            case .ended, .oversized: return handOver(received)
            }
        }
    }
}
