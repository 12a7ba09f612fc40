import IPC
import NIOCore
import NIOHTTP1
import NIOPosix
import Platform

/// The listeners of an edge: what the supervisor has offered, and the channels made of it.
///
/// Lives on the edge's event loop. An offer waits for its snapshot; then listeners with new names are adopted, those whose names
/// are missing are closed (their connections live on), and all others stay as they are.
final class EdgeListeners {
    private struct Offered {
        var name: String
        /// Owned here until it is adopted.
        var descriptor: Int32
    }

    private let group: any EventLoopGroup
    private let eventLoop: any EventLoop
    private var offer: (version: UInt64, listeners: [Offered])?
    private var channels: [String: any Channel] = [:]
    private var isClosed = false
    /// No connection can be taken for want of descriptors or memory.
    var onExhausted: (() -> Void)?

    init(group: any EventLoopGroup, eventLoop: any EventLoop) {
        self.group = group
        self.eventLoop = eventLoop
    }

    /// Whether connections are taken.
    var isAccepting = false {
        didSet {
            guard self.isAccepting != oldValue else { return }
            for channel in self.channels.values { self.setAccepting(channel) }
        }
    }

    /// What goes with the next snapshot.
    func take(_ offer: ListenerOffer, _ descriptors: [Int32]) {
        self.forgetOffer()
        var rest = descriptors[...]
        var listeners: [Offered] = []
        for entry in offer.entries {
            guard let socket = rest.popFirst() else { break }
            if entry.hasTLS {
                // Not spoken yet.
                for descriptor in [socket] + rest.prefix(2) { _ = OwnedDescriptor(adopting: descriptor) }
                rest = rest.dropFirst(2)
            } else {
                listeners.append(Offered(name: entry.name, descriptor: socket))
            }
        }
        self.offer = (offer.version, listeners)
    }

    /// Whether the listeners of a snapshot are here.
    func isOffered(_ version: UInt64) -> Bool { self.offer?.version == version }

    /// Listens where the offer of `version` says, and nowhere else. `done` gets the reason why that cannot be, and then nothing
    /// has changed. Without such an offer nothing changes either.
    func use(_ version: UInt64, core: EdgeCore, done: @escaping (String?) -> Void) {
        guard let offer = self.offer, offer.version == version, !self.isClosed else { return done(nil) }
        self.offer = nil
        let names = Set(offer.listeners.map(\.name))
        var added: [Offered] = []
        for listener in offer.listeners {
            if self.channels[listener.name] == nil {
                added.append(listener)
            } else {
                // The same socket as the one that is adopted already.
                _ = OwnedDescriptor(adopting: listener.descriptor)
            }
        }
        let bootstrap = self.bootstrap(core)
        let adoptions = added.map { bootstrap.withBoundSocket($0.descriptor) }
        EventLoopFuture.whenAllComplete(adoptions, on: self.eventLoop).assumeIsolated().whenSuccess { results in
            var opened: [(String, any Channel)] = []
            var failure: String?
            for (listener, result) in zip(added, results) {
                switch result {
                case .success(let channel): opened.append((listener.name, channel))
                case .failure(let error): failure = "listener \(listener.name) cannot be used: \(error)"
                }
            }
            guard failure == nil, !self.isClosed else {
                for (_, channel) in opened { channel.close(promise: nil) }
                return done(failure)
            }
            for (name, channel) in opened {
                self.channels[name] = channel
                if self.isAccepting { self.setAccepting(channel) }
            }
            for (name, channel) in self.channels where !names.contains(name) {
                self.channels[name] = nil
                channel.close(promise: nil)
            }
            done(nil)
        }
    }

    /// Takes no connection any more.
    func close() {
        self.isClosed = true
        self.forgetOffer()
        for channel in self.channels.values { channel.close(promise: nil) }
        self.channels = [:]
    }

    private func forgetOffer() {
        for listener in self.offer?.listeners ?? [] { _ = OwnedDescriptor(adopting: listener.descriptor) }
        self.offer = nil
    }

    private func setAccepting(_ channel: any Channel) {
        _ = channel.setOption(.autoRead, value: self.isAccepting)
        if self.isAccepting { channel.read() }
    }

    private func bootstrap(_ core: EdgeCore) -> ServerBootstrap {
        let shared = NIOLoopBound(core, eventLoop: self.eventLoop)
        let listeners = NIOLoopBound(self, eventLoop: self.eventLoop)
        return ServerBootstrap(group: self.group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = AcceptFailureHandler { [weak owner = listeners.value] in owner?.onExhausted?() }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .serverChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 4 << 10, high: 16 << 10))
            // One read a turn, as large as those before were full: a body that comes in one read is never copied.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 256 << 10)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try HTTPConnection.install(in: channel.pipeline.syncOperations, core: shared.value)
                }
            }
    }
}
