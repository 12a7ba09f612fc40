/// Gets the events of one transfer, on the client's loop, never from within `HTTPClient.start`.
///
/// The order is: at most one `requestGoesOut` (one, if the server can be reached), at most one `headReceived`, any number of
/// `received`, exactly one `finished`. After `HTTPTransfer.cancel` nothing is called any more.
public protocol HTTPTransferDelegate: AnyObject {
    /// A connection stands, and the request goes out on it; not if the transfer is cancelled now. It goes out once: where
    /// that was on a kept connection the server had closed, the error says so (`HTTPClientError.metDeadConnection`).
    func requestGoesOut()
    /// The final head of the reply (1xx heads are skipped).
    func headReceived(_ head: HTTPResponseHead)
    /// A piece of the body, transfer coding removed. The bytes are gone after the call.
    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow
    /// The transfer is over: whole when `error` is nil. The connection has gone back to the cache or is closed.
    func finished(_ error: HTTPClientError?)
}
