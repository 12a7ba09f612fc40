import Domain
import IPC

/// Who belongs with whom.
extension SupervisorMachine {
    /// All seats, the serving generation's first.
    var seats: [Seat] { self.serving.seats + (self.other?.seats ?? []) }

    /// What the serving generation's control announced.
    var announcement: TopologyAnnouncement? { self.serving.announcement }

    /// The generation a seat is in.
    func generation(of seat: Seat) -> Generation? {
        if seat.generation == self.serving.number { return self.serving }
        return seat.generation == self.other?.number ? self.other : nil
    }

    /// Changes the generation of that number.
    mutating func changeGeneration(_ number: UInt32, _ change: (inout Generation) -> Void) {
        if number == self.serving.number {
            change(&self.serving)
        } else if var other, number == other.number {
            change(&other)
            self.other = other
        }
    }
}
