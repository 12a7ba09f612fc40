import Domain
import EventLog
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
        let started = WorkerProgram.start(role: .edge)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let receiver = EdgeWorker.makeReceiver(started.identity, group)
        ThreadControlLine.run(started.socket, handOver: receiver)
    }

    /// Makes the role on the event loop; what is returned brings packets there.
    private static func makeReceiver(
        _ identity: WorkerIdentity, _ group: MultiThreadedEventLoopGroup
    ) -> @Sendable (PacketSocket.Received) -> Void {
        let eventLoop = group.next()
        let made = eventLoop.submit {
            let endpoint = identity.makeEndpoint()
            endpoint.role = EdgeRole(identity: identity, endpoint: endpoint, group: group, eventLoop: eventLoop)
            return NIOLoopBound(endpoint, eventLoop: eventLoop)
        }
        do {
            let endpoint = try made.wait()
            return { received in
                eventLoop.execute { endpoint.value.received(received) }
            }
        } catch {
            WorkerProgram.giveUp(StartFailure("sluice-edge: the event loop does not start: \(error)"))
        }
    }
}
