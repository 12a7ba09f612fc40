import Domain
import IPC
import NIOCore

/// Requests that control answers.
extension HTTPConnection {
    /// Until control has begun to answer.
    static let controlPatience = TimeAmount.seconds(30)

    /// Sends the request, whose body is whole, to control.
    func askControl(_ request: CurrentRequest) {
        guard let administration = request.administration else { return self.refuse(.unknownURL) }
        let body = self.body.body
        let message = administration.request(request, bodyLength: body.readableBytes)
        self.body.handOver()
        let exchange = Exchange(.administration(message), body: body, budget: self.core.budget, client: self)
        self.exchange = exchange
        administration.deadline = self.core.eventLoop.assumeIsolated().scheduleTask(in: Self.controlPatience) {
            [weak self, weak request] in
            guard let self, let request, self.request === request, request.status == 0 else { return }
            self.refuse(.administrationTimedOut)
        }
        // Control that has just started, or starts again, opens its link within a moment.
        exchange.start(in: self.core.controls, on: self.core.eventLoop)
    }
}
