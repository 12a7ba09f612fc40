import Database
import Domain

/// By how much the sums change with what is written: gathered by hour, day, principal and route, then spread over the scopes.
///
/// What a request counts for follows from its row alone, so a row that is replaced is taken away and the new one added.
final class RollupGather {
    /// What requests have in common that are counted together.
    struct Key: Hashable {
        var hour: Int64
        var day: Int64
        /// 0 where it is not known (yet).
        var principal: Int64
        var route: Int64
    }

    struct Group {
        let key: Key
        var sums = RollupSums()
    }

    private let faults: RequestFault
    private(set) var groups: [Group] = []
    private var places: [Key: Int] = [:]
    private var last = 0

    init(_ faults: RequestFault) {
        self.faults = faults
    }

    var isEmpty: Bool { self.groups.isEmpty }

    func clear() {
        self.groups.removeAll(keepingCapacity: true)
        self.places.removeAll(keepingCapacity: true)
        self.last = 0
    }

    /// Counts a request, or takes it away with -1. One that runs is nothing.
    @inline(__always)
    func add(_ request: PendingRequest, _ times: Int64 = 1) throws(DatabaseError) {
        guard request.rank > .open else { return }
        var fault: GatewayError.Source?
        if request.isError {
            fault = request.fault
            if fault == nil { fault = try self.faults.source(of: request) }
        }
        let key = Key(
            hour: LocalDay.hour(of: request.record), day: LocalDay.day(of: request.record, zone: request.zone),
            principal: request.hasBegin ? request.principal : 0, route: request.route)
        let place = self.place(of: key)
        self.groups[place].sums.add(request, fault: fault, times)
    }

    /// One row takes the place of another.
    func replace(_ old: PendingRequest, by new: PendingRequest) throws(DatabaseError) {
        try self.add(old, -1)
        try self.add(new)
    }

    @inline(__always)
    private func place(of key: Key) -> Int {
        // Neighbours mostly have everything in common.
        if self.last < self.groups.count, self.groups[self.last].key == key { return self.last }
        if let known = self.places[key] {
            self.last = known
        } else {
            self.last = self.groups.count
            self.places[key] = self.last
            self.groups.append(Group(key: key))
        }
        return self.last
    }
}
