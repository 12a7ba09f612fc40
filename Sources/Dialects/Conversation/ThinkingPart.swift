/// What a model thought before it answered.
public struct ThinkingPart: Hashable, Sendable {
    public var text: [UInt8]
    /// The provider's seal over it; empty where it has none, and then no provider takes it back as thoughts of its own.
    public var signature: [UInt8]

    public init(_ text: [UInt8], signature: [UInt8] = []) {
        self.text = text
        self.signature = signature
    }
}
