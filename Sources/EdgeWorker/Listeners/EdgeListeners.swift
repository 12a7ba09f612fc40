import EventLog
import IPC
import NIOCore
import NIOPosix
import NIOSSL
import Platform

/// The listeners of an edge: what the supervisor has offered, and the channels made of it.
///
/// Lives on the edge's event loop. An offer waits for its snapshot; then listeners with new names are adopted, those whose names
/// are missing are closed, and all get the certificates of the offer for their new connections. Connections live on as they are.
final class EdgeListeners {
    private let group: any EventLoopGroup
    private let eventLoop: any EventLoop
    private var offer: (version: UInt64, listeners: [OfferedListener])?
    private var open: [String: OpenListener] = [:]
    private var isClosed = false
    /// Servers' certificates in force now and before: they stay usable beyond their end, so that nothing that works, and no
    /// way back, fails because of the date.
    private var certificates: (now: Set<NIOSSLCertificate>, before: Set<NIOSSLCertificate>) = ([], [])
    private var isStarted = false
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
            for listener in self.open.values { self.setAccepting(listener) }
        }
    }

    /// What goes with the next snapshot.
    func take(_ offer: ListenerOffer, _ descriptors: [Int32]) {
        self.forgetOffer()
        self.offer = (offer.version, OfferedListener.all(offer, descriptors))
    }

    /// Whether the listeners of a snapshot are here.
    func isOffered(_ version: UInt64) -> Bool { self.offer?.version == version }

    /// Listens where the offer of `version` says, and nowhere else. `administration` is the place of the one that is the
    /// administration's own. `done` gets the reason why that cannot be, and then nothing has changed.
    func use(
        _ version: UInt64, administration: UInt16? = nil, core: EdgeCore, done: @escaping (String?) -> Void
    ) {
        guard !self.isClosed else { return done(nil) }
        guard let offer = self.offer, offer.version == version,
            administration.map({ Int($0) < offer.listeners.count }) ?? true
        else { return done("its listeners did not come") }
        let own = administration.map { offer.listeners[Int($0)].name }
        let contexts: [String: TLSContext]
        do throws(ListenerRefusal) {
            contexts = try self.contexts(of: offer.listeners, core)
        } catch {
            self.forgetOffer()
            return done("\(error)")
        }
        self.offer = nil
        for listener in offer.listeners { listener.closeFiles() }
        var added: [(listener: OpenListener, socket: Int32)] = []
        for listener in offer.listeners {
            if self.open[listener.name] == nil {
                let opening = OpenListener(name: listener.name, tls: contexts[listener.name])
                added.append((opening, listener.socket))
            } else {
                // The same socket as the one that is adopted already.
                _ = OwnedDescriptor(adopting: listener.socket)
            }
        }
        let adoptions = added.map { self.bootstrap($0.listener, core).withBoundSocket($0.socket) }
        EventLoopFuture.whenAllComplete(adoptions, on: self.eventLoop).assumeIsolated().whenSuccess { results in
            var failure: String?
            for (opening, result) in zip(added, results) {
                switch result {
                case .success(let channel): opening.listener.channel = channel
                case .failure(let error): failure = "listen \(opening.listener.name): it cannot be used: \(error)"
                }
            }
            guard failure == nil, !self.isClosed else {
                for opening in added { opening.listener.channel?.close(promise: nil) }
                return done(failure)
            }
            for opening in added {
                // The snapshot before may have adopted it meanwhile, on the same socket.
                guard self.open[opening.listener.name] == nil else {
                    opening.listener.channel?.close(promise: nil)
                    continue
                }
                self.open[opening.listener.name] = opening.listener
                if self.isAccepting { self.setAccepting(opening.listener) }
            }
            self.close(except: Set(offer.listeners.map(\.name)))
            for listener in self.open.values {
                listener.purpose = own.map { listener.name == $0 ? .administration : .clients } ?? .everything
            }
            self.speak(contexts)
            done(nil)
        }
    }

    /// Takes no connection any more.
    func close() {
        self.isClosed = true
        self.forgetOffer()
        self.close(except: [])
    }

    private func close(except names: Set<String>) {
        for (name, listener) in self.open where !names.contains(name) {
            self.open[name] = nil
            listener.channel?.close(promise: nil)
        }
    }

    private func forgetOffer() {
        for listener in self.offer?.listeners ?? [] { listener.close() }
        self.offer = nil
    }

    private func setAccepting(_ listener: OpenListener) {
        guard let channel = listener.channel else { return }
        _ = channel.setOption(.autoRead, value: self.isAccepting)
        if self.isAccepting { channel.read() }
    }

    // MARK: TLS

    /// What the listeners with TLS speak it with, by name.
    private func contexts(
        of listeners: [OfferedListener], _ core: EdgeCore
    ) throws(ListenerRefusal) -> [String: TLSContext] {
        var contexts: [String: TLSContext] = [:]
        for listener in listeners {
            guard let files = listener.files else { continue }
            do throws(TLSFailure) {
                let context = try TLSContext(certificate: files.certificate, key: files.key)
                try self.checkTime(context, listener.name, core)
                contexts[listener.name] = context
            } catch {
                throw ListenerRefusal(name: listener.name, failure: error)
            }
        }
        return contexts
    }

    /// Refuses a certificate out of its time, unless it is in force already or the process has just begun: an edge that comes
    /// back must not stay away because a date has passed.
    private func checkTime(_ context: TLSContext, _ name: String, _ core: EdgeCore) throws(TLSFailure) {
        guard let failure = context.fault(at: core.wallSeconds) else { return }
        let isKnown =
            self.certificates.now.contains(context.certificate)
            || self.certificates.before.contains(context.certificate)
        guard isKnown || !self.isStarted else { throw failure }
        core.log.warning(
            "clients will refuse a certificate", ["listener": .string(name), "error": .string("\(failure)")])
    }

    private func speak(_ contexts: [String: TLSContext]) {
        self.isStarted = true
        self.certificates = (Set(contexts.values.map(\.certificate)), self.certificates.now)
        for listener in self.open.values { listener.tls = contexts[listener.name] }
    }

    // MARK: Channels

    private func bootstrap(_ listener: OpenListener, _ core: EdgeCore) -> ServerBootstrap {
        let shared = NIOLoopBound((listener: listener, core: core), eventLoop: self.eventLoop)
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
                    try shared.value.listener.initialize(channel, shared.value.core)
                }
            }
    }
}
