import Domain
import IPC

/// What was asked of the tree, by signals and operators, and what has become of it. Pure; bounded: finished ones are forgotten first.
struct OperationList: Hashable, Sendable {
    /// Names one operation in here.
    typealias ID = UInt32

    struct Entry: Hashable, Sendable {
        var id: ID
        var token: UInt64
        var kind: OrderKind
        var state: TreeReport.Operation.State
        var message: String
        var since: UInt64
    }

    static let limit = 64

    /// Oldest first.
    var entries: [Entry] = []
    var lastID: ID = 0

    /// Something was asked for. Nil where an operation of that token is known, or where too many run.
    mutating func begin(_ kind: OrderKind, token: UInt64, _ message: String, at now: UInt64) -> ID? {
        guard token == 0 || !self.entries.contains(where: { $0.token == token }) else { return nil }
        if self.entries.count >= Self.limit {
            guard let oldest = self.entries.firstIndex(where: { $0.state != .running }) else { return nil }
            self.entries.remove(at: oldest)
        }
        self.lastID &+= 1
        self.entries.append(
            Entry(id: self.lastID, token: token, kind: kind, state: .running, message: message, since: now))
        return self.lastID
    }

    /// How far it is.
    mutating func update(_ id: ID, _ message: String) {
        self.change(id) { $0.message = message }
    }

    mutating func finish(_ id: ID, done message: String) {
        self.change(id) { ($0.state, $0.message) = (.done, message) }
    }

    mutating func finish(_ id: ID, failed reason: String) {
        self.change(id) { ($0.state, $0.message) = (.failed, reason) }
    }

    /// Nothing of what runs will be finished, but for these kinds.
    mutating func failAll(_ reason: String, but kinds: Set<OrderKind>) {
        for entry in self.entries where entry.state == .running && !kinds.contains(entry.kind) {
            self.finish(entry.id, failed: reason)
        }
    }

    /// Those of that kind that still run.
    func running(_ kind: OrderKind) -> [ID] {
        self.entries.filter { $0.kind == kind && $0.state == .running }.map(\.id)
    }

    /// What operators are shown: the newest, those that run before those that are finished.
    func report(at now: UInt64) -> [TreeReport.Operation] {
        var left = TreeReport.operationLimit
        var shown: Set<ID> = []
        for entry in self.entries.reversed() where entry.state == .running && left > 0 {
            shown.insert(entry.id)
            left -= 1
        }
        for entry in self.entries.reversed() where entry.state != .running && left > 0 {
            shown.insert(entry.id)
            left -= 1
        }
        return self.entries.filter { shown.contains($0.id) }.map {
            TreeReport.Operation(
                token: $0.token, kind: $0.kind, state: $0.state, message: $0.message,
                age: now >= $0.since ? now - $0.since : 0)
        }
    }

    private mutating func change(_ id: ID, _ change: (inout Entry) -> Void) {
        guard let place = self.entries.firstIndex(where: { $0.id == id && $0.state == .running }) else { return }
        change(&self.entries[place])
    }
}
