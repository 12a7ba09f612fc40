import Domain
import Logging
import NIOCore
import NIOPosix
import Platform
import WorkerRuntime

/// The program `sluice-edge`: speaks HTTP to clients and passes their requests to upstreams.
public enum EdgeWorker {
    /// Runs the process until the supervisor ends it. To be called first thing in main: no thread exists yet.
    ///
    /// The event loop has a thread of its own; the main thread sleeps on the line to the supervisor, whose packets carry
    /// descriptors that NIO cannot receive, and hands each to the loop. Heartbeats are answered there.
    public static func run() -> Never {
        let (identity, socket) = WorkerProgram.start(role: .edge)
        let endpoint = Self.startLoop(identity)
        ThreadControlLine.run(socket) { endpoint.receive($0) }
    }

    private static func startLoop(_ identity: WorkerIdentity) -> LoopEndpoint {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        let made = eventLoop.submit {
            let endpoint = identity.makeEndpoint()
            endpoint.role = EdgeRole(identity: identity, endpoint: endpoint, group: group, eventLoop: eventLoop)
            return NIOLoopBound(endpoint, eventLoop: eventLoop)
        }
        do {
            return LoopEndpoint(eventLoop: eventLoop, endpoint: try made.wait())
        } catch {
            WorkerProgram.giveUp(StartFailure("sluice-edge: the event loop does not start: \(error)"))
        }
    }
}

/// The endpoint of the supervisor's line, and the loop it lives on.
private struct LoopEndpoint: Sendable {
    let eventLoop: any EventLoop
    let endpoint: NIOLoopBound<ControlLineEndpoint>

    /// Brings a packet to the loop.
    func receive(_ received: PacketSocket.Received) {
        self.eventLoop.execute { self.endpoint.value.received(received) }
    }
}
