internal import IPC

/// Where an exchange's reply goes: frames of its stream, in order. In production the link to the edge.
protocol ExchangeOutput {
    func send(head: ResponseHead)
    func send(chunk: UnsafeRawBufferPointer)
    func send(end: StreamEnd)
}
