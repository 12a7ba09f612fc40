import Domain
import NIOCore

/// How requests and connections end: in time, by draining, or because the client has gone.
extension HTTPConnection {
    /// Ends what has taken too long.
    func tick(now: UInt64) {
        guard now < self.closeDeadline else { return self.cut() }
        if self.hasStalled(now: now) {
            self.closing = .abort
            return self.cut()
        }
        // A client that is not read from cannot be late.
        guard self.budgetTimeout == nil else { return }
        switch self.machine.expired(now: now) {
        case .none: break
        case .close: self.cut()
        case .requestTimeout: self.refuseUnread(.requestTimeout)
        }
    }

    /// One request that is on its way already is still taken; a client that sent it has not been told not to.
    func drain() {
        self.machine.drain(now: self.core.now)
    }

    /// Whatever runs is ended with an error.
    func endDraining() {
        guard self.machine.isBusy, self.request != nil, self.closing == .none else { return self.flushAndClose() }
        self.request?.keepsAlive = false
        self.abort(.gatewayDraining)
    }

    /// Ends the request with an error of the gateway's own. Where a provider may have been called, the upstream stops and
    /// says first what that cost, so that the record is settled before the client sees the end.
    func abort(_ error: GatewayError) {
        guard let request = self.request, let exchange = self.exchange else { return self.replyFailed(error) }
        guard request.pendingFailure == nil else { return }
        if request.isRecorded, exchange.stop(on: self.core.eventLoop, informing: self) {
            request.pendingFailure = error
            return
        }
        exchange.cancel()
        self.replyFailed(error)
    }

    /// The process ends: what has begun is over, though the upstream has not said what it cost.
    func giveUp() {
        guard let request = self.request, request.isRecorded else { return }
        let error = request.pendingFailure ?? .gatewayDraining
        self.exchange?.cancel()
        self.replyFailed(error)
    }

    /// The client gets nothing more. A running request is settled when it is known what it cost.
    func clientLeft() {
        let exchange = self.exchange
        self.exchange = nil
        self.withheld = nil
        self.extended = nil
        guard let request = self.request else {
            exchange?.cancel()
            return
        }
        if self.withholdsHead { request.status = 0 }
        self.request = nil
        // What the socket was not given yet.
        request.replyBytes -= min(request.replyBytes, UInt64(clamping: self.output.readableBytes))
        if request.isActive { self.core.requestFinished() }
        if let exchange { self.core.depart(request, exchange) } else { self.core.finish(request, isGone: true) }
    }

    func ended() {
        guard self.context != nil else { return }
        self.context = nil
        self.machine.closed()
        self.clientLeft()
        self.dropBody()
        self.held.forget()
        self.output = ByteBuffer()
        if let stream = self.stream { stream.connection.remove(self) } else { self.core.remove(self) }
    }
}
