/// Open connections, in no order. Adding and removing take the same time however many there are.
///
/// Lives on the event loop.
struct ConnectionList {
    /// A copy of it may be walked while connections leave.
    private(set) var all: [any ClientConnection] = []

    var count: Int { self.all.count }
    var isEmpty: Bool { self.all.isEmpty }

    mutating func add(_ connection: any ClientConnection) {
        connection.place = self.all.count
        self.all.append(connection)
    }

    /// False: it was not in the list.
    mutating func remove(_ connection: any ClientConnection) -> Bool {
        let place = connection.place
        guard place >= 0, place < self.all.count, self.all[place] === connection else { return false }
        connection.place = -1
        let last = self.all.removeLast()
        if last !== connection {
            self.all[place] = last
            last.place = place
        }
        return true
    }
}
