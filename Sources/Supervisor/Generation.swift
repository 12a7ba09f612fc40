import Domain
import IPC

/// The processes that were started from one set of programs and belong together: they are linked only with each other, are
/// of one build, and work from one set of snapshots. There are at most two, and those only during an upgrade.
struct Generation: Hashable, Sendable {
    /// From 1, never used again.
    let number: UInt32
    /// As its control, the first process of a generation, said in HELLO.
    var build: [UInt8]?
    /// What its control announced.
    var announcement: TopologyAnnouncement?
    /// In the order in which they are started.
    var seats: [Seat]

    init(number: UInt32) {
        self.number = number
        self.seats = [Seat(role: .control, index: 0, generation: number)]
    }

    /// The seats besides control, once the topology is known.
    mutating func populate(_ topology: Topology) {
        self.seats =
            [self.control, self.aggregator]
            + (0..<topology.upstreams).map { Seat(role: .upstream, index: $0, generation: self.number) }
            + (0..<topology.edges).map { Seat(role: .edge, index: $0, generation: self.number) }
    }

    var control: Seat { Seat(role: .control, index: 0, generation: self.number) }
    var aggregator: Seat { Seat(role: .aggregator, index: 0, generation: self.number) }
}
