/// Which configuration is in force, and which is about to be. Pure.
///
/// A configuration that was read again waits until the supervisor's reports name its version, or until it is refused; control works
/// by the one in force meanwhile.
struct ConfigurationDesk {
    private(set) var inForce: GatewayState
    private(set) var waiting: GatewayState?

    init(_ inForce: GatewayState) {
        self.inForce = inForce
    }

    /// One that was announced; it takes the place of an earlier one of which nothing was heard.
    mutating func announced(_ state: GatewayState) {
        self.waiting = state
    }

    /// The tree does not use it.
    mutating func refused(_ version: UInt64) {
        if self.waiting?.version == version { self.waiting = nil }
    }

    /// A report names what is in force; true when that is the one that waited, which is in force here from now on.
    mutating func reported(_ version: UInt64) -> Bool {
        guard let waiting, waiting.version == version else { return false }
        self.inForce = waiting
        self.waiting = nil
        return true
    }
}
