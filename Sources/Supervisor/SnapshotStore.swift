import Domain
import IPC
import Platform

/// The last good set of snapshots, as sealed memory that the supervisor passes on and never maps: with it a worker can be
/// started again while control is away.
final class SnapshotStore {
    private let edge: OwnedDescriptor
    private let upstream: OwnedDescriptor
    private let aggregator: OwnedDescriptor
    /// The configuration in force, for a control that is started again.
    let inForce: OwnedDescriptor

    /// Takes over the descriptors that came with TOPOLOGY, but for the last (the instance file); nil closes them all.
    init?(adopting numbers: [Int32]) {
        guard numbers.count == TopologyAnnouncement.descriptorCount - 1 else {
            for number in numbers { _ = OwnedDescriptor(adopting: number) }
            return nil
        }
        self.edge = OwnedDescriptor(adopting: numbers[0])
        self.upstream = OwnedDescriptor(adopting: numbers[1])
        self.aggregator = OwnedDescriptor(adopting: numbers[2])
        self.inForce = OwnedDescriptor(adopting: numbers[3])
    }

    /// As `init` takes them.
    var numbers: [Int32] {
        [self.edge.number, self.upstream.number, self.aggregator.number, self.inForce.number]
    }

    /// The role's snapshot; control has none.
    func number(for role: Role) -> Int32? {
        switch role {
        case .edge: self.edge.number
        case .upstream: self.upstream.number
        case .aggregator: self.aggregator.number
        case .control, .supervisor: nil
        }
    }
}
