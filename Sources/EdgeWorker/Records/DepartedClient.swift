import Domain
import IPC
import NIOCore

/// Stands in for a client that has gone while its request was running, until the upstream has said what the request cost.
///
/// Lives on the event loop, held by `EdgeCore` and by the exchange.
final class DepartedClient: ExchangeClient {
    let request: CurrentRequest
    private unowned let core: EdgeCore

    init(_ request: CurrentRequest, core: EdgeCore) {
        self.request = request
        self.core = core
    }

    func requestWasSent() {}
    func replyBegan(_ head: ResponseHead) {}
    func reply(_ chunk: ByteBuffer) {}

    func replyEnded(_ end: StreamEnd) {
        self.request.end = end
        self.core.settle(self)
    }

    func replyFailed(_ error: GatewayError) {
        self.core.settle(self)
    }
}
