/// Bytes that must not appear in a log, an error or a dump: a provider's key, a static key, a header's value.
///
/// Every way of printing it gives `<secret>`: string interpolation, `print`, `debugPrint`, `dump` and mirrors. The bytes
/// are reached by ``withBytes(_:)`` only, so that a search for that name finds every place where a secret is opened.
/// Equality is not constant-time: never compare what a client sent with a secret by `==`.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let bytes: [UInt8]

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Lends the bytes to `body`; what `body` returns is the caller's responsibility.
    public func withBytes<Value, Failure: Error>(_ body: ([UInt8]) throws(Failure) -> Value) throws(Failure) -> Value {
        try body(self.bytes)
    }

    public var description: String { "<secret>" }

    public var debugDescription: String { "<secret>" }

    public var customMirror: Mirror { Mirror("<secret>", children: []) }
}
