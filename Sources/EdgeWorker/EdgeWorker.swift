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
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        let made = eventLoop.submit {
            let endpoint = identity.makeEndpoint()
            endpoint.role = EdgeRole(identity: identity, endpoint: endpoint, group: group, eventLoop: eventLoop)
            return NIOLoopBound(endpoint, eventLoop: eventLoop)
        }
        let endpoint: NIOLoopBound<ControlLineEndpoint>
        do {
            endpoint = try made.wait()
        } catch {
            WorkerProgram.giveUp(StartFailure("sluice-edge: the event loop does not start: \(error)"))
        }
        ThreadControlLine.run(socket) { received in
            eventLoop.execute { endpoint.value.received(received) }
        }
    }
}
