/// Whether a provider takes money for a call.
public enum Billed: UInt8, Hashable, Sendable {
    /// It was sent, and it is not known what came of it: cut off before any content, timed out, or its process was killed.
    case unknown = 0
    /// Content came with a good status.
    case yes = 1
    /// The provider answered with an error, or not one byte of the request was sent.
    case no = 2
}
