/// Where the bytes of an image, a document or a sound are.
public enum BinarySource: Hashable, Sendable {
    /// `data` is base64 and was not decoded; `mediaType` such as `image/png`.
    case base64(mediaType: [UInt8], data: [UInt8])
    /// http or https.
    case url([UInt8])
    /// Uploaded to the provider before, by its name there.
    case file([UInt8])
    /// Plain text, of documents only.
    case text([UInt8])
}
