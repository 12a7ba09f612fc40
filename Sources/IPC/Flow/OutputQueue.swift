/// The bytes one link has still to write: whole frames in order, urgent frames before them, data only as far as the
/// peer has given link window.
///
/// Frames are gathered into batches of about `batchSize`; a batch that has begun to go out is finished first, so an urgent
/// frame waits for at most one batch. Once data is held back for lack of window, everything ordered behind it waits
/// too: a stream's END must not overtake its last CHUNK.
public struct OutputQueue: Sendable {
    /// Bytes after which a new batch begins.
    public static let batchSize = 128 << 10

    private var urgent: [UInt8] = []
    /// The batch that grows, and the full ones before it.
    private var newest: [UInt8] = []
    private var full: [[UInt8]] = []
    private var first = 0
    /// Whole frames that wait for window, with their data bytes (0 for frames that are no data).
    private var held: [(frame: [UInt8], data: Int)] = []
    private var heldFirst = 0

    public init() {}

    /// Whether nothing can be written now.
    public var isEmpty: Bool {
        self.urgent.isEmpty && self.full.isEmpty && self.newest.isEmpty
    }

    /// Whether frames wait for link window.
    public var isHolding: Bool { self.heldFirst < self.held.count }

    /// Queues a frame that may overtake others (CREDIT, CANCEL).
    public mutating func append(urgent frame: [UInt8]) {
        self.urgent.append(contentsOf: frame)
    }

    /// Queues a frame that is no data, behind everything queued before.
    public mutating func append(_ frame: [UInt8]) {
        guard self.isHolding else {
            self.makeRoom()
            self.newest.append(contentsOf: frame)
            return
        }
        self.held.append((frame, 0))
    }

    /// Queues a BODY or CHUNK frame; `link` gives window for its payload or the frame is held.
    public mutating func append(
        data header: FrameHeader, _ payload: UnsafeRawBufferPointer, window link: inout LinkMachine
    ) {
        if !self.isHolding && link.sendWindow >= payload.count {
            _ = link.takeSendWindow(upTo: payload.count)
            self.makeRoom()
            header.append(to: &self.newest)
            unsafe self.newest.append(contentsOf: payload)
            return
        }
        var frame: [UInt8] = []
        frame.reserveCapacity(WireLimits.header + payload.count)
        header.append(to: &frame)
        unsafe frame.append(contentsOf: payload)
        self.held.append((frame, payload.count))
    }

    /// The link's window has grown: what now fits becomes writable.
    public mutating func release(window link: inout LinkMachine) {
        while self.heldFirst < self.held.count {
            let next = self.held[self.heldFirst]
            guard link.sendWindow >= next.data else { return }
            _ = link.takeSendWindow(upTo: next.data)
            self.makeRoom()
            self.newest.append(contentsOf: next.frame)
            self.held[self.heldFirst].frame = []
            self.heldFirst += 1
        }
        self.held.removeAll(keepingCapacity: false)
        self.heldFirst = 0
    }

    /// The next batch to write, nil when there is none. It leaves the queue: the caller writes all of it before it asks
    /// again. Give its memory back with `recycle`.
    public mutating func nextBatch() -> [UInt8]? {
        if !self.urgent.isEmpty {
            let batch = self.urgent
            self.urgent = []
            return batch
        }
        var batch: [UInt8] = []
        guard self.first < self.full.count else {
            // Nothing to write, but perhaps memory for the next batch: it stays.
            guard !self.newest.isEmpty else { return nil }
            swap(&batch, &self.newest)
            return batch
        }
        swap(&batch, &self.full[self.first])
        self.first += 1
        if self.first == self.full.count {
            self.full = []
            self.first = 0
        }
        return batch
    }

    /// Reuses the memory of a written batch, unless it is large.
    public mutating func recycle(_ batch: consuming [UInt8]) {
        guard self.newest.capacity == 0, batch.capacity <= 2 * OutputQueue.batchSize else { return }
        batch.removeAll(keepingCapacity: true)
        self.newest = batch
    }

    private mutating func makeRoom() {
        guard self.newest.count >= OutputQueue.batchSize else { return }
        var batch: [UInt8] = []
        swap(&batch, &self.newest)
        self.full.append(batch)
    }
}
