internal import IPC

/// Where an exchange's reply goes: frames of its stream, in order; and who keeps its books. In production the link to the edge and
/// the journal.
protocol ExchangeOutput {
    /// The link is behind: what is sent now waits in memory. The machine is told when that is over.
    var isCongested: Bool { get }
    /// Any byte of the running call's request may have reached the provider. Asked only while the call runs.
    var requestWasSent: Bool { get }
    /// Takes memory for so many more bytes of the reply, until the exchange is over; false where there is none.
    func reserve(_ bytes: Int) -> Bool
    func send(head: ResponseHead)
    /// Asks for a further attempt.
    func send(attempt: FurtherAttempt)
    func send(chunk: UnsafeRawBufferPointer)
    func send(end: StreamEnd)
    /// An attempt is over: works out what it used and cost and records it. Called once for each, before the end is sent.
    func settle(_ outcome: AttemptOutcome) -> AttemptReport
}
