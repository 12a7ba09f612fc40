public import Domain

/// Some of the requests that were asked for, the newest first.
public struct RequestPage: Hashable, Sendable {
    public var requests: [RequestRow]
    /// Ask for those before this one to go on; nil: there are no more. A page may be short, or empty, and have more behind it,
    /// when what was asked for is rare.
    public var next: RecordID?
}
