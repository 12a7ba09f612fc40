import IPC

/// What the supervisor's shell is to do, in order.
enum SupervisorAction: Hashable {
    /// Start a process in the seat; answered by `spawned` or `spawnFailed`.
    case spawn(Seat)
    case send(Seat, [UInt8])
    /// The same for what the next second's message makes up for.
    case sendIfRoom(Seat, [UInt8])
    /// Send the seat's role its snapshot.
    case sendSnapshot(Seat, version: UInt64)
    /// Send an edge the listeners that go with that snapshot.
    case sendListeners(Seat, version: UInt64)
    /// Make a socket pair and give each of the two its end, naming the other's instance.
    case link(Seat, UInt32, Seat, UInt32)
    case signal(Seat, Int32)
    /// Keep the descriptors and open the listeners; answered by `listening` or `cannotListen`.
    case adopt(TopologyAnnouncement, descriptors: [Int32])
    case close([Int32])
    /// Open the programs that are on disk now, and ask each of them whether it can take over; answered by `preflighted`.
    case preflight
    case stopPreflight
    /// Close the programs that were asked: nobody is started from them.
    case forgetPrograms
    /// Nobody is left of a generation: close what was kept for it.
    case forgetGeneration(UInt32)
    /// Keep the descriptors for a generation on stand-by; answered by `standbyAdopted` or `standbyNotAdopted`.
    case adoptStandby(UInt32, TopologyAnnouncement, descriptors: [Int32])
    /// Become the new program; answered by `supervisorReplaced` in whichever program goes on.
    case replaceSupervisor
    /// An edge has adopted the listeners and so cut their backlog.
    case restoreBacklogs
    case closeListeners
    /// Everything is READY for the first time.
    case treeIsReady
    /// The tree has begun to stop.
    case treeIsStopping
    /// For the service manager.
    case degraded(Bool)
    case note(SupervisorNote)
    /// One line for people: why nothing can start.
    case say(String)
    case exit(Int32)
}
