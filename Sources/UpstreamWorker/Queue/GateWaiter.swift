/// A request that waits at a `ProviderGate`. Called on the worker's loop, never from within the waiter's own calls to the gate.
protocol GateWaiter: AnyObject {
    /// It may try now to take what its call needs. Until it returns, `ProviderGate.take` does not send it back behind the others.
    func turnCame() -> GateTurn
    /// It has waited as long as one may, or had to give way to another project: it waits no more. `retryAfter`: nanoseconds
    /// after which another try may have more luck.
    func waitedInVain(retryAfter: UInt64)
}

/// What a waiter made of its turn.
enum GateTurn: Hashable {
    /// It has a place.
    case used
    /// Something was not to be had: it stays where it is, at the front.
    case kept
    /// It does not want a place here any more.
    case gone
}
