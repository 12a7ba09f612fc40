import Domain
import IPC
import IPCEpoll
import EventLog
import Platform

/// Control's end of the link to one edge: the requests of the administration that the edge passes on, and their replies.
///
/// Lives on control's loop. It owns the link and what is under way on it.
final class AdministrationLink: EpollLinkDelegate {
    let instance: UInt32
    private let log: Log
    private let desk: HTTPDesk
    private let whenEnded: (AdministrationLink) -> Void
    private var link: EpollLink?
    private var streams = RequestStreams()

    init(instance: UInt32, desk: HTTPDesk, log: Log, whenEnded: @escaping (AdministrationLink) -> Void) {
        self.instance = instance
        self.desk = desk
        self.log = log
        self.whenEnded = whenEnded
    }

    func start(
        _ descriptor: consuming OwnedDescriptor, loop: EpollLoop, hello: Hello, scratch: LinkScratch
    ) throws(SystemError) {
        let machine = LinkMachine(hello: hello, peerRole: .edge, peerInstance: self.instance, accepting: .server)
        self.link = try EpollLink(
            loop: loop, descriptor: descriptor, machine: machine, scratch: scratch, wipesInput: true, delegate: self)
    }

    func close() {
        self.link?.close()
    }

    func linkOpened(_ link: EpollLink) {}

    func link(_ link: EpollLink, received header: FrameHeader, payload: UnsafeRawBufferPointer) {
        let stream = header.stream
        do throws(FrameError) {
            switch header.type {
            case .request:
                guard case .administration(let request) = unsafe try StreamRequest(payload: payload) else {
                    throw .malformed(.request)
                }
                self.act(try self.streams.open(stream, request), stream)
            case .body: self.act(unsafe try self.streams.received(payload, stream), stream)
            case .cancel: self.streams.cancel(stream)
            case .credit:
                let credit = unsafe try Credit(payload: payload)
                self.send(try self.streams.credit(stream, bytes: credit.bytes), stream)
            default: throw .unexpectedType(header.type)
            }
        } catch {
            link.close(error: error)
        }
    }

    private func act(_ action: RequestStreams.Action, _ stream: UInt64) {
        switch action {
        case .none: break
        case .refuse: self.link?.send(StreamEnd(failure: Self.busy).frame(stream: stream))
        case .answer(let request, let body):
            self.desk.answer(request, body: body) { [weak self] reply in
                // It may have had a provider's key in it, which is kept where keys are, and nowhere else.
                unsafe body.withUnsafeBytes { unsafe MemoryWipe.overwrite($0) }
                guard let self else { return }
                self.send(
                    self.streams.reply(stream, reply.head, body: reply.isHeadOnly ? [] : reply.body), stream)
            }
        }
    }

    private func send(_ outputs: [RequestStreams.Output], _ stream: UInt64) {
        guard let link = self.link else { return }
        for output in outputs {
            switch output {
            case .head(let head): link.send(head.frame(stream: stream))
            case .chunk(let bytes): unsafe bytes.withUnsafeBytes { unsafe link.send(.chunk, stream: stream, data: $0) }
            case .end: link.send(StreamEnd().frame(stream: stream))
            }
        }
    }

    private static let busy = GatewayError(
        code: "busy", type: "server_error", status: 503, source: .gateway, retry: .later,
        message: "Too many requests of the administration at once. Please try again.", retryAfter: 1)

    func linkEnded(_ link: EpollLink, error: FrameError?) {
        if let error {
            self.log.error(
                "link closed: the peer broke the protocol",
                ["peer": "edge", "peer_instance": .int(self.instance), "error": .string("\(error)")])
        }
        self.link = nil
        self.whenEnded(self)
    }
}
