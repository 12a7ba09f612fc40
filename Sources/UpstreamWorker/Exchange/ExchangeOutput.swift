internal import IPC

/// Where an exchange's reply goes: frames of its stream, in order. In production the link to the edge.
protocol ExchangeOutput {
    /// The link is behind: what is sent now waits in memory. The machine is told when that is over.
    var isCongested: Bool { get }
    func send(head: ResponseHead)
    func send(chunk: UnsafeRawBufferPointer)
    func send(end: StreamEnd)
}
