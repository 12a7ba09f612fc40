/// Gets the events of one transfer, on the client's loop, never from within `HTTPClient.start`.
///
/// The order is: any number of `requestGoesOut` (one, if the server can be reached), at most one `headReceived`, any number of `received`, exactly one `finished`. After
/// `HTTPTransfer.cancel` nothing is called any more.
public protocol HTTPTransferDelegate: AnyObject {
    /// A connection stands, and the request is about to go out on it for the `time`th time.
    ///
    /// Beyond the first time, the kept connection that it went out on before had been closed by the server, without one
    /// byte of a reply; after `stop` the transfer ends with that error.
    func requestGoesOut(time: Int) -> HTTPSend
    /// The final head of the reply (1xx heads are skipped).
    func headReceived(_ head: HTTPResponseHead)
    /// A piece of the body, transfer coding removed. The bytes are gone after the call.
    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow
    /// The transfer is over: whole when `error` is nil. The connection has gone back to the cache or is closed.
    func finished(_ error: HTTPClientError?)
}
