/// A role's answer to a snapshot.
public enum SnapshotVerdict: Hashable, Sendable {
    /// From now on it works as the snapshot says.
    case inForce
    /// It cannot, and works on as before; why, for people. Before READY it ends the process.
    case refused(String)
    /// It will say so with `ControlLineEndpoint.acknowledge`.
    case later
}
