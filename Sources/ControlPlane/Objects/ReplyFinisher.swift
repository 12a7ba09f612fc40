import Administration
import HTTPClient
import Platform

/// Does what an answer asks for before it goes out: waits until a change is in force, or until something happens, or calls a provider. Lives
/// on control's loop.
final class ReplyFinisher {
    /// Calls to providers at the same time.
    static let probeLimit = 8

    /// Requests that wait for something to happen.
    static let waitLimit = 32

    private let loop: EpollLoop
    private let follower: ObjectFollower
    private var client: HTTPClient?
    private var probes = 0
    private var waits = 0
    /// Hands in a request of which an answer says that it is to be given again.
    var submit: ((AdministrationRequest, @escaping (AdministrationReply) -> Void) -> Void)?

    init(loop: EpollLoop, follower: ObjectFollower) {
        self.loop = loop
        self.follower = follower
    }

    func finish(_ reply: AdministrationReply, then: @escaping (AdministrationReply) -> Void) {
        var plain = reply
        plain.sequel = nil
        switch reply.sequel {
        case nil: then(plain)
        case .objects(let number, let inForce):
            self.follower.wait(for: number) { isInForce in
                if isInForce { plain.body = inForce }
                then(plain)
            }
        case .probe(let probe): self.run(probe, then: then)
        case .again(let request, let milliseconds):
            guard self.waits < Self.waitLimit, self.submit != nil else { return then(plain) }
            self.waits += 1
            self.loop.schedule(after: milliseconds * 1_000_000) { [weak self] in
                self?.waits -= 1
                self?.submit?(request, then)
            }
        }
    }

    private func run(_ probe: ProviderProbe, then: @escaping (AdministrationReply) -> Void) {
        guard self.probes < Self.probeLimit, let client = self.openClient() else {
            return then(
                AdministrationReply(
                    AdministrationFailure(
                        status: 503, code: "busy", message: "too many providers are being tested at once: try again")))
        }
        self.probes += 1
        ProbeCall.start(probe, client, loop: self.loop) { [weak self] result in
            self?.probes -= 1
            then(result.reply)
        }
    }

    private func openClient() -> HTTPClient? {
        if self.client == nil { self.client = try? HTTPClient(loop: self.loop, idleConnections: 1) }
        return self.client
    }
}
