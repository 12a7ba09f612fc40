import Domain
import IPC
import IPCEpoll
import EventLog
import Platform

/// Control's end of the link to one edge: answers administration requests. There is no administration yet, so each gets
/// 404, which always fits into a new stream's window.
///
/// Lives on control's loop. It owns the link and keeps no stream: a reply is whole when its request has been read.
final class AdministrationLink: EpollLinkDelegate {
    private static let body = Array(
        (#"{"error":{"message":"There is no such administration endpoint.","type":"invalid_request_error","#
            + #""param":null,"code":"unknown_url"}}"#).utf8)

    let instance: UInt32
    private let log: Log
    private let whenEnded: (AdministrationLink) -> Void
    private var link: EpollLink?
    private var latest: UInt64 = 0

    init(instance: UInt32, log: Log, whenEnded: @escaping (AdministrationLink) -> Void) {
        self.instance = instance
        self.log = log
        self.whenEnded = whenEnded
    }

    func start(
        _ descriptor: consuming OwnedDescriptor, loop: EpollLoop, hello: Hello, scratch: LinkScratch
    ) throws(SystemError) {
        let machine = LinkMachine(hello: hello, peerRole: .edge, peerInstance: self.instance, accepting: .server)
        self.link = try EpollLink(
            loop: loop, descriptor: descriptor, machine: machine, scratch: scratch, delegate: self)
    }

    func close() {
        self.link?.close()
    }

    func linkOpened(_ link: EpollLink) {}

    func link(_ link: EpollLink, received header: FrameHeader, payload: UnsafeRawBufferPointer) {
        // BODY, CREDIT and CANCEL belong to replies that are complete already.
        guard header.type == .request else { return }
        do throws(FrameError) {
            guard header.stream > self.latest, case .administration = unsafe try StreamRequest(payload: payload) else {
                throw .malformed(.request)
            }
        } catch {
            return link.close(error: error)
        }
        self.latest = header.stream
        let head = ResponseHead(
            status: 404, isStream: false, contentLength: UInt64(Self.body.count),
            contentType: Array("application/json".utf8))
        link.send(head.frame(stream: header.stream))
        unsafe Self.body.withUnsafeBytes { unsafe link.send(.chunk, stream: header.stream, data: $0) }
        link.send(StreamEnd().frame(stream: header.stream))
    }

    func linkEnded(_ link: EpollLink, error: FrameError?) {
        if let error {
            self.log.error(
                "link closed: the peer broke the protocol",
                ["peer": "edge", "peer_instance": .int(self.instance), "error": .string("\(error)")])
        }
        self.whenEnded(self)
    }
}
