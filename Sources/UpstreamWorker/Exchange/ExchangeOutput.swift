internal import IPC

/// Where an exchange's reply goes: frames of its stream, in order; who makes its calls and keeps its books. In production the link to
/// the edge, the HTTP client and the journal.
///
/// None of it feeds the machine from within, but for `make`, which may say at once that the call has failed or is not needed.
protocol ExchangeOutput {
    /// The link is behind: what is sent now waits in memory. The machine is told when that is over.
    var isCongested: Bool { get }
    /// Milliseconds since 1970.
    var wallClock: UInt64 { get }
    /// What calls to one of the request's places have to keep to.
    func terms(of place: Int) -> CallTerms
    /// Makes the call; the machine is told when it has started.
    func make(_ call: CallMachine)
    /// Goes on with a call whose reply was not taken for a while.
    func resume(_ call: CallMachine)
    /// Closes the call's connection, if it has one: nothing more is heard of it.
    func cancel(_ call: CallMachine)
    /// Any byte of the call's request may have reached the provider. Asked only while the call runs.
    func requestWasSent(_ call: CallMachine) -> Bool
    /// Enters the queue of one of the request's places; the machine is told when it is its turn, or that there is none.
    func enterQueue(of place: Int)
    /// Nobody waits any more.
    func leaveQueue()
    /// Takes memory for so many more bytes of the reply, until the exchange is over; false where there is none.
    func reserve(_ bytes: Int) -> Bool
    func send(head: ResponseHead)
    /// Asks for a further attempt.
    func send(attempt: FurtherAttempt)
    func send(chunk: UnsafeRawBufferPointer)
    func send(end: StreamEnd)
    /// A call is over: works out what it used and cost and records it. Called once for each that started, before the end is
    /// sent.
    func settle(_ call: CallMachine, _ outcome: AttemptOutcome) -> AttemptReport
}
