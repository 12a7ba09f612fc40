internal import HTTPClient
internal import Journal

/// One provider call as its exchange makes it: brings the events of the connection to the `CallMachine` they belong to.
///
/// Lives on the worker's loop. The connection keeps it, and it its exchange, until the call is over or cancelled.
final class RunningCall: HTTPTransferDelegate {
    let machine: CallMachine
    private let exchange: Exchange
    /// The body as it is sent.
    var body: HTTPBody?
    /// What carries it; nil before it goes out, and when it is over.
    var transfer: (any ProviderCall)?
    /// What it waits for while its body is made.
    var images: (any ImageFetching)?
    /// In the journal.
    var admission: JournalWriter.Admission?
    /// Bytes of the body as it is sent.
    var bodyBytes: UInt64 = 0
    /// It is to go on as soon as its machine is not at work.
    var wantsResume = false

    init(_ machine: CallMachine, _ exchange: Exchange) {
        self.machine = machine
        self.exchange = exchange
    }

    /// Nothing more is heard of it.
    func cancel() {
        self.transfer?.cancel()
        self.transfer = nil
        self.images?.cancel()
        self.images = nil
        self.body = nil
    }

    /// Called from within libcurl.
    func requestGoesOut() {
        self.exchange.requestGoesOut(self)
    }

    func headReceived(_ head: HTTPResponseHead) {
        self.exchange.headReceived(self, head)
    }

    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        unsafe self.exchange.received(self, bytes)
    }

    func finished(_ error: HTTPClientError?) {
        self.transfer = nil
        self.exchange.finished(self, error)
    }
}
