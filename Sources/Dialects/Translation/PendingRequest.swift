public import Domain

/// A request that waits for its images.
public struct PendingRequest {
    /// What is to be fetched: http or https, as the client wrote it, each once.
    public let urls: [[UInt8]]

    /// The body to send, with `images` in the order of `urls`.
    public func body(_ images: [FetchedImage]) throws(GatewayError) -> [UInt8] { [] }
}
