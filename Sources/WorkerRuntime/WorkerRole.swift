public import IPC

/// The working part of a worker. All calls come on the role's event loop, after `start`; the role answers through the
/// `ControlLineEndpoint` it was given.
public protocol WorkerRole: AnyObject {
    /// The supervisor has introduced itself; `hello` holds this process's instance number and the host's number.
    func start(hello: Hello)
    /// A snapshot of the role's configuration. False when it cannot be used: the process exits.
    func receive(snapshot bytes: [UInt8], version: UInt64) -> Bool
    /// A new link to the named peer: one end of a stream socket, non-blocking. The role owns `descriptor` from now on and
    /// closes it, as well as `area`, the memory that it shares with the peer (edges and upstreams only). Replaces nothing by
    /// itself: an older link ends by its own end-of-file.
    func receive(link offer: LinkOffer, descriptor: Int32, area: Int32?)
    /// Take nothing new, finish within `timeout` milliseconds, then call `ControlLineEndpoint.drained()`. May come again
    /// with a shorter time.
    func drain(timeout: UInt64)
    /// It is a time of rest: memory of the role's own that nothing needs is to go back to the kernel.
    func giveMemoryBack()
    /// Requests being worked on, for heartbeats.
    var activeRequests: UInt32 { get }
    /// The mean of all edges' active requests, rounded up. Only edges get it.
    func meanActiveRequests(_ mean: UInt32)
    /// How the tree is doing. Only the aggregator gets it.
    func receive(status: TreeStatus)
    /// A worker has died by a fault of its own; `ControlLineEndpoint.answer` tells what was in flight there. Only the
    /// aggregator gets it.
    func receive(ownerDead: OwnerDead)
    /// Requests of a fingerprint are refused for a while, or no longer. Only edges and control get it.
    func receive(quarantine: Quarantine)
    /// Every process of the tree is READY. Only control gets it.
    func treeIsReady()
}

extension WorkerRole {
    public var activeRequests: UInt32 { 0 }
    public func giveMemoryBack() {}
    public func meanActiveRequests(_ mean: UInt32) {}
    public func receive(status: TreeStatus) {}
    public func receive(ownerDead: OwnerDead) {}
    public func receive(quarantine: Quarantine) {}
    public func treeIsReady() {}
}
