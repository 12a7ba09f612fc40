import Domain
import IPC
import IPCEpoll
import Platform

@testable import Aggregator

/// An edge or upstream as the aggregator sees it, on the same loop: collects what it is sent.
final class LinkedPeer: EpollLinkDelegate {
    private(set) var link: EpollLink?
    private(set) var isOpen = false
    private(set) var hasEnded = false
    private(set) var heads: [UInt64: ResponseHead] = [:]
    private(set) var bodies: [UInt64: [UInt8]] = [:]
    private(set) var ends: [UInt64: StreamEnd] = [:]
    /// Whether credit goes back for what arrives.
    var returnsCredit = true

    init(
        loop: EpollLoop, descriptor: consuming OwnedDescriptor, role: Role, instance: UInt32, scratch: LinkScratch
    ) throws {
        let machine = LinkMachine(
            hello: Hello(role: role, instance: instance, build: [1]), peerRole: .aggregator, peerInstance: 2,
            accepting: .client)
        self.link = try EpollLink(
            loop: loop, descriptor: descriptor, machine: machine, scratch: scratch, delegate: self)
    }

    func get(_ path: String, method: String = "GET", stream: UInt64) {
        let request = AdministrationRequest(method: method, path: path)
        self.link?.send(StreamRequest.administration(request).frame(stream: stream))
    }

    func linkOpened(_ link: EpollLink) {
        self.isOpen = true
    }

    func link(_ link: EpollLink, received header: FrameHeader, payload: UnsafeRawBufferPointer) {
        switch header.type {
        case .responseHead: self.heads[header.stream] = unsafe try? ResponseHead(payload: payload)
        case .chunk:
            unsafe self.bodies[header.stream, default: []].append(contentsOf: payload)
            if self.returnsCredit {
                link.send(urgent: Credit(bytes: UInt32(payload.count)).frame(stream: header.stream))
            }
        case .end: self.ends[header.stream] = unsafe try? StreamEnd(payload: payload)
        default: break
        }
    }

    func linkEnded(_ link: EpollLink, error: FrameError?) {
        self.hasEnded = true
    }
}
