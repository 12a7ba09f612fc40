/// Sound of a message.
public struct AudioPart: Hashable, Sendable {
    /// Base64.
    public var data: [UInt8]
    /// Such as `wav` or `mp3`.
    public var format: [UInt8]

    public init(data: [UInt8], format: [UInt8]) {
        self.data = data
        self.format = format
    }
}
