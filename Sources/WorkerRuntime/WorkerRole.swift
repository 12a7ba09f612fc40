public import IPC
import Platform

/// The working part of a worker. All calls come on the role's event loop, after `start`; the role answers through the
/// `ControlLineEndpoint` it was given.
public protocol WorkerRole: AnyObject {
    /// The supervisor has introduced itself; `hello` holds this process's instance number and the host's number.
    func start(hello: Hello)
    /// A snapshot of the role's configuration. Versions may come again, and older ones too: a reload that did not succeed is
    /// taken back so.
    func receive(snapshot bytes: [UInt8], version: UInt64) -> SnapshotVerdict
    /// All listeners of the snapshot of the same version, which follows. The role owns the descriptors from now on. Only edges
    /// get it.
    func receive(listeners: ListenerOffer, descriptors: [Int32])
    /// A new link to the named peer: one end of a stream socket, non-blocking. The role owns `descriptor` from now on and
    /// closes it, as well as `area`, the memory that it shares with the peer (edges and upstreams only). Replaces nothing by
    /// itself: an older link ends by its own end-of-file.
    func receive(link offer: LinkOffer, descriptor: Int32, area: Int32?)
    /// Take nothing new, finish within `timeout` milliseconds, then call `ControlLineEndpoint.drained()`. May come again
    /// with a shorter time.
    func drain(timeout: UInt64)
    /// The supervisor has gone, and everybody is to end as with `drain`, but all at the same time: nobody waits for the others to go first.
    func supervisorHasGone(timeout: UInt64)
    /// It is a time of rest: memory of the role's own that nothing needs is to go back to the kernel.
    func giveMemoryBack()
    /// Requests being worked on, for heartbeats.
    var activeRequests: UInt32 { get }
    /// The mean of all edges' active requests, rounded up. Only edges get it.
    func meanActiveRequests(_ mean: UInt32)
    /// Metric pages of processes, and whose they are. The role owns the descriptors from now on. Only the aggregator gets it: all pages before
    /// its first link, others when they are made.
    func receive(pages: MetricPageOffer, descriptors: [Int32])
    /// A second has passed: what the metric page does not follow by itself is to be brought up to date.
    func count()
    /// A worker has died by a fault of its own; `ControlLineEndpoint.answer` tells what was in flight there. Only the
    /// aggregator gets it.
    func receive(ownerDead: OwnerDead)
    /// Requests of a fingerprint are refused for a while, or no longer. Only edges and control get it.
    func receive(quarantine: Quarantine)
    /// A process that was started on stand-by, beside an older generation: its time has come. Control: every process of the
    /// tree is READY. The others do not get it otherwise.
    func activate()
    /// The configuration is to be read again: `ControlLineEndpoint.announce` with that version, or `reloadRefused`. Only
    /// control gets this and the next two.
    func receive(reload: ReloadRequest)
    /// What was announced last is not used: the configuration before stays in force.
    func receive(reloadRefused: ReloadRefused)
    /// How the tree is doing in full. What was announced last is in force once its version stands here.
    func receive(report: TreeReport)
}

extension WorkerRole {
    public func supervisorHasGone(timeout: UInt64) { self.drain(timeout: timeout) }
    public var activeRequests: UInt32 { 0 }
    public func giveMemoryBack() {}
    public func meanActiveRequests(_ mean: UInt32) {}
    public func receive(pages: MetricPageOffer, descriptors: [Int32]) {
        for descriptor in descriptors { _ = OwnedDescriptor(adopting: descriptor) }
    }
    public func count() {}
    public func receive(ownerDead: OwnerDead) {}
    public func receive(quarantine: Quarantine) {}
    public func receive(listeners: ListenerOffer, descriptors: [Int32]) {
        for descriptor in descriptors { _ = OwnedDescriptor(adopting: descriptor) }
    }
    public func activate() {}
    public func receive(reload: ReloadRequest) {}
    public func receive(reloadRefused: ReloadRefused) {}
    public func receive(report: TreeReport) {}
}
