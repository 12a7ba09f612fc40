import Glibc

/// Decides whether an edge takes further connections. All edges share the listeners, so what one leaves the others take.
/// Pure.
///
/// Three reasons to pause: more active requests than the others have (20 % and 8 above the mean), few descriptors left, and, for
/// a moment, that the system had none to give.
/// The supervisor's mean is a second old; the others are taken to have grown since as this edge has, so that a burst that
/// hits all alike, or the only edge there is, pauses nobody.
struct AcceptGate {
    /// Descriptors kept for links and the unforeseen.
    static let reserve = 64

    /// Descriptors this process may have.
    static var descriptorLimit: Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(7), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }

    private var descriptorLimit: Int
    private var isExhausted = false
    private var mean: UInt32 = 0
    /// Active requests when the mean was taken.
    private var reported: UInt32 = 0
    private var lastActive: UInt32 = 0

    init(descriptorLimit: Int) {
        self.descriptorLimit = descriptorLimit
    }

    /// The supervisor says the mean of the round before; this edge says `active` in the present one.
    mutating func received(mean: UInt32, active: UInt32) {
        self.mean = mean
        self.reported = self.lastActive
        self.lastActive = active
    }

    /// The system could not give a descriptor, or memory for one. `descriptorLimit` is what this process may have now: it may have
    /// been lowered since the start.
    mutating func exhausted(descriptorLimit: Int) {
        self.descriptorLimit = descriptorLimit
        self.isExhausted = true
    }

    /// It may be tried again.
    mutating func recovered() {
        self.isExhausted = false
    }

    /// Whether to accept.
    func isOpen(active: UInt32, connections: Int) -> Bool {
        guard !self.isExhausted else { return false }
        guard connections < self.descriptorLimit - AcceptGate.reserve else { return false }
        let grown = Int64(active) - Int64(self.reported)
        let mean = max(0, Int64(self.mean) + grown)
        return Int64(active) * 10 <= mean * 12 + 80
    }
}
