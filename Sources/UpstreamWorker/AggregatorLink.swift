internal import IPC
internal import IPCEpoll
internal import EventLog
internal import Metrics
internal import Platform

/// A link to the aggregator. Nothing is sent there: by its end the aggregator knows that this process has gone, and that there may be
/// something to settle for it. Lives on the worker's loop.
final class AggregatorLink: EpollLinkDelegate {
    private let log: Log
    private var link: EpollLink?
    private let ended: (AggregatorLink) -> Void

    /// Takes over the socket.
    init(
        loop: EpollLoop, descriptor: consuming OwnedDescriptor, machine: LinkMachine, scratch: LinkScratch,
        counters: LinkCounters, log: Log,
        ended: @escaping (AggregatorLink) -> Void
    ) throws(SystemError) {
        self.log = log
        self.ended = ended
        self.link = try EpollLink(
            loop: loop, descriptor: descriptor, machine: machine, scratch: scratch, counters: counters,
            delegate: self)
    }

    func linkOpened(_ link: EpollLink) {}

    func link(_ link: EpollLink, received header: FrameHeader, payload: UnsafeRawBufferPointer) {
        // Nothing was asked of the aggregator.
        link.close(error: .unexpectedType(header.type))
    }

    func linkEnded(_ link: EpollLink, error: FrameError?) {
        if let error {
            self.log.error("link closed: the aggregator broke the protocol", ["error": .string("\(error)")])
        }
        self.link = nil
        self.ended(self)
    }
}
