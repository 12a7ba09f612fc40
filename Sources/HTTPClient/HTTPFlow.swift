/// Whether a transfer goes on after a piece of the reply.
public enum HTTPFlow: Hashable, Sendable {
    case proceed
    /// The piece was taken; nothing more is to come until `HTTPTransfer.resume`. Reading stops, so the provider is held
    /// back by TCP; libcurl keeps at most one more read.
    case pause
}
