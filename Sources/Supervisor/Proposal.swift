import Domain
import EventLog
import IPC
import Platform

/// What a reload is to put in force, opened and not in use yet. Goes with the reload if that does not succeed: then everything
/// that was opened for it is closed again.
final class Proposal {
    let announcement: TopologyAnnouncement
    let snapshots: SnapshotStore
    let listeners: ListenerSet
    /// The new log, where it is another one.
    private let log: OwnedDescriptor?

    /// Takes over the descriptors that came with the announcement, in any case. The last is the instance file, which is in use
    /// already.
    init(
        _ announcement: TopologyAnnouncement, descriptors: [Int32], listeners old: ListenerSet?, log output: LogOutput
    ) throws(StartFailure) {
        if let last = descriptors.last { _ = OwnedDescriptor(adopting: last) }
        guard let snapshots = SnapshotStore(adopting: descriptors.dropLast()) else {
            throw StartFailure("control announced no snapshots")
        }
        let topology = announcement.topology
        self.announcement = announcement
        self.snapshots = snapshots
        self.listeners = try ListenerSet(topology.listeners, keeping: old)
        self.log = topology.logFile == output.path ? nil : try output.open(topology.logFile)
    }

    /// Puts the new log in the place of the old one. False: it is the same.
    func useLog(_ output: LogOutput) throws(StartFailure) -> Bool {
        switch self.log {
        case .some(let log):
            try output.use(log.number, path: self.announcement.topology.logFile)
            return true
        case nil: return false
        }
    }
}
