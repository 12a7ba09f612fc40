/// An image that the gateway has fetched for a provider that fetches none.
public struct FetchedImage: Hashable, Sendable {
    /// Such as `image/png`, as its own bytes say.
    public var mediaType: [UInt8]
    public var bytes: [UInt8]

    public init(mediaType: [UInt8], bytes: [UInt8]) {
        self.mediaType = mediaType
        self.bytes = bytes
    }
}
