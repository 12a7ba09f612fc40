import Domain
import IPC
import IPCEpoll
import EventLog
import Metrics
import Platform

/// The aggregator's end of the link to one edge or upstream: answers the edge's requests for `/metrics`. Of an upstream it only says that
/// the process is there.
///
/// Lives on the aggregator's loop. It owns the link; the service owns it and is told when the link has ended.
final class PeerLink: EpollLinkDelegate {
    let peer: PeerName
    private unowned let service: AggregatorService
    private var link: EpollLink?
    private var replies = ReplyStreams()

    init(_ peer: PeerName, service: AggregatorService) {
        self.peer = peer
        self.service = service
    }

    /// What the peer may send: an edge asks for metrics too.
    static func accepted(from role: Role) -> FrameTypeSet? {
        switch role {
        case .edge: .server
        case .upstream: FrameTypeSet([.hello])
        case .supervisor, .control, .aggregator: nil
        }
    }

    func start(
        _ descriptor: consuming OwnedDescriptor, loop: EpollLoop, machine: LinkMachine, scratch: LinkScratch,
        counters: LinkCounters
    ) throws(SystemError) {
        self.link = try EpollLink(
            loop: loop, descriptor: descriptor, machine: machine, scratch: scratch, counters: counters,
            delegate: self)
    }

    func close() {
        self.link?.close()
    }

    // MARK: EpollLinkDelegate

    func linkOpened(_ link: EpollLink) {}

    func link(_ link: EpollLink, received header: FrameHeader, payload: UnsafeRawBufferPointer) {
        do throws(FrameError) {
            switch header.type {
            case .request:
                guard case .administration(let request) = unsafe try StreamRequest(payload: payload) else {
                    throw .malformed(.request)
                }
                self.send(try self.replies.open(header.stream) { self.service.reply(to: request) })
            case .credit:
                self.send(try self.replies.credit(header.stream, bytes: unsafe Credit(payload: payload).bytes))
            case .cancel:
                self.replies.cancel(header.stream)
            default:
                // BODY: no request that is answered here has one worth reading, and its stream gets no credit for more.
                break
            }
        } catch {
            link.close(error: error)
        }
    }

    func linkEnded(_ link: EpollLink, error: FrameError?) {
        self.service.peerEnded(self, error: error)
    }

    private func send(_ outputs: [ReplyStreams.Output]) {
        guard let link = self.link else { return }
        for output in outputs {
            switch output {
            case .head(let stream, let head): link.send(head.frame(stream: stream))
            case .chunk(let stream, let bytes):
                unsafe bytes.withUnsafeBytes { unsafe link.send(.chunk, stream: stream, data: $0) }
            case .end(let stream, let end): link.send(end.frame(stream: stream))
            }
        }
    }
}
