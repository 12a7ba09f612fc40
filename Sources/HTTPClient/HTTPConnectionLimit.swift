/// How many connections may be in use to one place at once; shared by the targets of that place. Transfers above it wait
/// in order.
///
/// libcurl's own limit is one number for a whole multi handle, so it cannot hold a number per provider. A transfer over
/// HTTP/1.1 uses exactly one connection, so counting transfers counts connections. Lives on the client's loop.
///
/// Invariant: the queue holds the transfers that wait and no others, for each keeps its request's body; a place that was
/// taken or given up is empty, and at least every third place is not (or there are few).
public final class HTTPConnectionLimit {
    private static let fewPlaces = 64

    public let maximum: Int
    private var inUse = 0
    private var waiting: [HTTPTransfer?] = []
    private var firstWaiting = 0

    public init(maximum: Int) {
        self.maximum = max(1, maximum)
    }

    /// Transfers that have a connection or are getting one.
    public var active: Int { self.inUse }
    /// Transfers in the queue.
    public private(set) var queued = 0

    /// Takes a place, or puts the transfer in the queue and returns false.
    func enter(_ transfer: HTTPTransfer) -> Bool {
        guard self.inUse < self.maximum else {
            transfer.queuePlace = self.waiting.count
            self.waiting.append(transfer)
            self.queued += 1
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
            guard let next else { continue }
            self.empty(self.firstWaiting - 1)
            return next
        }
        self.inUse -= 1
        return nil
    }

    /// Takes a transfer that no longer wants a connection out of the queue; harmless when it is not in it.
    func withdraw(_ transfer: HTTPTransfer) {
        let place = transfer.queuePlace
        guard place >= 0, place < self.waiting.count, self.waiting[place] === transfer else { return }
        self.empty(place)
    }

    private func empty(_ place: Int) {
        self.waiting[place]?.queuePlace = -1
        self.waiting[place] = nil
        self.queued -= 1
        guard self.queued > 0 else {
            self.waiting.removeAll(keepingCapacity: self.waiting.count <= HTTPConnectionLimit.fewPlaces)
            self.firstWaiting = 0
            return
        }
        guard self.waiting.count > HTTPConnectionLimit.fewPlaces, self.waiting.count > 3 * self.queued else { return }
        self.waiting.removeAll { $0 == nil }
        self.firstWaiting = 0
        for index in self.waiting.indices { self.waiting[index]?.queuePlace = index }
    }
}
