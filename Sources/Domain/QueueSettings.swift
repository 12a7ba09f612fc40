/// The requests that wait because a provider has as many calls as it may.
public struct QueueSettings: Hashable, Sendable {
    /// Most requests that wait, over all upstreams; shared among the projects that have some waiting, by their weights. 0: none
    /// waits.
    public var length: UInt32
    /// Milliseconds that a request waits at most; one that would wait longer is refused at once.
    public var wait: UInt64

    public init(length: UInt32 = 256, wait: UInt64 = 5_000) {
        self.length = length
        self.wait = wait
    }
}
