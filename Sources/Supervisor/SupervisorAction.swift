import Domain
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
    /// Open what a reload's announcement names and the gateway has not open; answered by `proposed` or `cannotPropose`.
    case propose(TopologyAnnouncement, descriptors: [Int32])
    /// What was proposed is in force: what only the configuration before named is closed.
    case commit(UInt64)
    /// What was proposed is not used and is closed.
    case drop(UInt64)
    /// For the service manager: a reload has begun, has ended.
    case reloading(Bool)
    /// For the service manager: how the tree is, in a line.
    case statusLine(String)
    /// Send control how the tree is, completed by what only the shell knows.
    case report(Seat, TreeReport)
    /// Open the log's file anew, everywhere; answered by `reopenedLogs`.
    case reopenLogs(OperationList.ID?)
    /// Give the seat the log that the gateway has by now.
    case giveLog(Seat)
    /// Give an aggregator the metric pages of all processes.
    case sendPages(Seat)
    /// Show how the tree is.
    case count(TreeFigures)
    /// A process of the role has not answered a heartbeat before the next.
    case beatMissed(Role)
    case note(SupervisorNote)
    /// One line for people: why nothing can start.
    case say(String)
    case exit(Int32)
}
