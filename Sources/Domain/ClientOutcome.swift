/// How a request ended for its client, as far as the edge could see.
public enum ClientOutcome: UInt8, Hashable, Sendable {
    /// Nobody was left to see it: the edge was killed.
    case unknown = 0
    /// The whole reply, or the provider's whole error, was handed to the client's socket.
    case complete = 1
    /// The client went away before.
    case disconnected = 2
    /// The gateway answered with an error of its own, or cut the reply with one.
    case error = 3
}
