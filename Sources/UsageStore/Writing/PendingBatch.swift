import Database
import Domain
import Journal

/// Gathers what the records of a batch say, one entry for each request and one for each provider call, until it is written.
final class PendingBatch {
    /// Requests and attempts that are gathered before they are written: enough that both ends of most are there.
    static let capacity = 8192

    private let rows: NumberedRows
    private(set) var requests: [PendingRequest] = []
    private var requestIndex = PendingIndex(capacity: capacity)
    var attempts: [PendingAttempt] = []
    private var attemptIndex = PendingIndex(capacity: capacity)
    private(set) var extras: [PendingRequest.Extras] = []
    private(set) var trails: [[UInt8]] = []

    /// `rows` finds the numbers of what repeats.
    init(_ rows: NumberedRows) {
        self.rows = rows
        self.requests.reserveCapacity(Self.capacity)
        self.attempts.reserveCapacity(Self.capacity)
    }

    /// It is to be written before more is added.
    var isFull: Bool { self.requests.count >= Self.capacity || self.attempts.count >= Self.capacity }

    func add(_ begin: borrowing LentRecord.Begin) throws(DatabaseError) {
        let principal = try self.rows.principal(begin.principal)
        let place = self.place(of: begin.record)
        guard self.requests[place].take(begin, principal: principal), begin.hasTexts else { return }
        self.requests[place].extras = self.extras.count
        self.extras.append(
            PendingRequest.Extras(
                traceID: begin.traceID.array, label: begin.label.array, tags: begin.tags.array))
    }

    func add(_ settle: borrowing LentRecord.Settle) throws(DatabaseError) {
        let route = try self.rows.route(
            model: settle.model, provider: settle.provider, modelSent: settle.modelSent)
        let error = try self.rows.name(settle.error)
        let place = self.place(of: settle.record)
        guard self.requests[place].take(settle, route: route, error: error), !settle.trail.isEmpty else { return }
        self.requests[place].trail = self.trails.count
        self.trails.append(settle.trail.array)
    }

    func add(_ attempt: borrowing LentRecord.Attempt, _ owner: UInt32) throws(DatabaseError) {
        let target = try self.rows.target(attempt)
        let place = self.place(of: attempt.record, attempt.number)
        self.attempts[place].take(attempt, owner: owner, target: target)
    }

    func add(_ end: borrowing LentRecord.AttemptEnd, _ owner: UInt32) throws(DatabaseError) {
        let error = try self.rows.name(end.error)
        let place = self.place(of: end.record, end.number)
        self.attempts[place].take(end, owner: owner, error: error)
    }

    private func place(of record: RecordID) -> Int {
        let place = self.requestIndex.place(record, 0, next: self.requests.count) { self.requests[$0].record == record }
        if place == self.requests.count { self.requests.append(PendingRequest(record: record)) }
        return place
    }

    private func place(of record: RecordID, _ number: UInt8) -> Int {
        let place = self.attemptIndex.place(record, number, next: self.attempts.count) {
            self.attempts[$0].record == record && self.attempts[$0].number == number
        }
        if place == self.attempts.count { self.attempts.append(PendingAttempt(record: record, number: number)) }
        return place
    }

    /// Lets the one call of each request lie in the request's own row, where it may.
    func takeInAttempts() {
        for place in self.requests.indices { self.takeIn(attemptOf: place) }
    }

    @inline(__always)
    private func takeIn(attemptOf place: Int) {
        let request = self.requests[place]
        guard request.isWhole else { return }
        let found = self.attemptIndex.find(request.record, 1) {
            self.attempts[$0].record == request.record && self.attempts[$0].number == 1
        }
        guard let found, let packed = InlineAttempt.packed(self.attempts[found], of: request) else { return }
        self.attempts[found].isInline = true
        self.requests[place].attempt = packed
        self.requests[place].attemptPlace = found
    }

    /// The places of all requests by their records, which mostly are in order already, each edge's for itself.
    var requestOrder: [Int] { self.order(self.requests.indices) { self.requests[$0].record } }

    /// The places of those calls that have rows of their own, by their records.
    var attemptOrder: [Int] {
        self.order(self.attempts.indices.filter { !self.attempts[$0].isInline }) { self.attempts[$0].record }
    }

    private func order(_ places: some Sequence<Int>, _ record: (Int) -> RecordID) -> [Int] {
        places.map { (record($0), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    func clear() {
        self.requests.removeAll(keepingCapacity: true)
        self.requestIndex.clear()
        self.attempts.removeAll(keepingCapacity: true)
        self.attemptIndex.clear()
        self.extras.removeAll(keepingCapacity: true)
        self.trails.removeAll(keepingCapacity: true)
    }
}
