/// How many connections may be in use to one place at once; shared by the targets of that place. Transfers above it wait
/// in order.
///
/// libcurl's own limit is one number for a whole multi handle, so it cannot hold a number per provider. A transfer over
/// HTTP/1.1 uses exactly one connection, so counting transfers counts connections. Lives on the client's loop.
public final class HTTPConnectionLimit {
    public let maximum: Int
    private var inUse = 0
    private var waiting: [HTTPTransfer] = []
    private var firstWaiting = 0

    public init(maximum: Int) {
        self.maximum = max(1, maximum)
    }

    /// Transfers that have a connection or are getting one.
    public var active: Int { self.inUse }
    /// Transfers in the queue, cancelled ones that were not reached yet included.
    public var queued: Int { self.waiting.count - self.firstWaiting }

    /// Takes a place, or puts the transfer in the queue and returns false.
    func enter(_ transfer: HTTPTransfer) -> Bool {
        guard self.inUse < self.maximum else {
            self.waiting.append(transfer)
            return false
        }
        self.inUse += 1
        return true
    }

    /// Gives a place back; returns the transfer that now has it, if one waits.
    func leave() -> HTTPTransfer? {
        while self.firstWaiting < self.waiting.count {
            let next = self.waiting[self.firstWaiting]
            self.firstWaiting += 1
            if self.firstWaiting >= 64 && self.firstWaiting * 2 >= self.waiting.count {
                self.waiting.removeFirst(self.firstWaiting)
                self.firstWaiting = 0
            }
            if next.state == .queued { return next }
        }
        self.inUse -= 1
        return nil
    }
}
