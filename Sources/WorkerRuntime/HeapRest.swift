/// When it is worth while to give memory that the heap no longer uses back to the kernel. Pure.
///
/// The allocator keeps what a burst has used for the next one, also when that never comes: after 2,000 streams that is a
/// hundred megabytes. Giving it back costs a walk through the heap, so it is done when the load has gone down by much, when
/// a rest begins, and once a minute of rest (for requests too short to be seen by a beat).
struct HeapRest: Hashable, Sendable {
    /// Requests by which the load must have gone down, to half of what it was at least.
    static let decline: UInt32 = 32
    /// Beats without a request until it is a rest.
    static let restBegins: UInt32 = 3
    /// Beats between two times of one rest.
    static let restGoesOn: UInt32 = 60

    private var peak: UInt32 = 0
    private var quietBeats: UInt32 = 0

    /// A heartbeat, one a second, with the requests being worked on. True when memory is to be given back now.
    mutating func beat(active: UInt32) -> Bool {
        self.peak = max(self.peak, active)
        guard active > 0 else {
            self.quietBeats += 1
            if self.quietBeats > Self.restBegins + Self.restGoesOn { self.quietBeats = Self.restBegins + 1 }
            let isDue = self.quietBeats == Self.restBegins || self.quietBeats == Self.restBegins + Self.restGoesOn
            if isDue { self.peak = 0 }
            return isDue
        }
        self.quietBeats = 0
        guard self.peak - active >= Self.decline, active <= self.peak / 2 else { return false }
        self.peak = active
        return true
    }
}
