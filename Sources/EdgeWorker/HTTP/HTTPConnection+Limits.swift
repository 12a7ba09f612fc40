import Domain
import IPC
import NIOCore

/// What a connection has to do with limits.
extension HTTPConnection {
    func mayAttempt(_ attempt: FurtherAttempt) -> Bool {
        self.request.map { self.core.grant(attempt.call, $0) } ?? false
    }

    /// What a wrong key is answered with: `error`, unless its address has tried too many.
    func wrongKey(_ error: GatewayError) -> GatewayError {
        self.request.flatMap { self.core.countWrongKey($0) } ?? error
    }

    /// Answers with what the edge has at hand, where limits admit it.
    func answer(_ answer: Admission.Answer, _ head: RequestHead) {
        guard let request = self.request, request.route.isLimited, request.principal != nil else {
            return self.send(answer, preflightHeaders: head.preflightHeaders)
        }
        do throws(GatewayError) {
            try self.core.admit(request)
            self.send(answer, preflightHeaders: head.preflightHeaders)
        } catch {
            self.refuse(error)
        }
    }

    /// Who sends the request, as limits count it.
    func clientAddress(_ head: RequestHead, _ policy: LimitPolicy) -> ClientAddress? {
        let peer: ClientAddress?
        if let peerAddress = self.peerAddress {
            peer = peerAddress
        } else {
            peer = self.context?.channel.remoteAddress.flatMap { ClientAddress($0) }
            self.peerAddress = .some(peer)
        }
        return policy.proxies.client(peer: peer, forwardedFor: head.forwardedFor)
    }
}
