/// A place in a `FairQueue`. One that has left it is never mistaken for another.
public struct QueueTicket: Hashable, Sendable {
    /// Small numbers, used again once the ticket has left: whoever keeps something for each that waits may use an array.
    public let number: Int
    let sequence: UInt64
}
