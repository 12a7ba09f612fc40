internal import IPC

/// Whom an exchange works for: takes its frames, in order, and is told when it is over. In production the link to an edge, or a call
/// that several requests share.
protocol ExchangeOwner: AnyObject {
    /// What is sent now waits in memory.
    var isCongested: Bool { get }
    /// Tells `exchange` when that is over.
    func wait(_ exchange: Exchange)
    /// Further bytes of the request's body may come. Does not wait behind data.
    func send(bodyCredit bytes: UInt32, stream: UInt64)
    func send(head: ResponseHead, stream: UInt64)
    func send(attempt: FurtherAttempt, stream: UInt64)
    func send(chunk: UnsafeRawBufferPointer, stream: UInt64)
    func send(end: StreamEnd, stream: UInt64)
    /// The exchange is over: nothing more comes of it.
    func forget(_ stream: UInt64)
}
