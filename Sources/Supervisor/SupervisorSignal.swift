import Domain

/// The signals the supervisor reads as events. (The numbers are those of every Linux but MIPS and SPARC.)
enum SupervisorSignal: Int32, CaseIterable {
    case hangUp = 1
    case interrupt = 2
    case quit = 3
    case user1 = 10
    case user2 = 12
    case terminate = 15
    case child = 17
    case terminalInput = 21
    case terminalOutput = 22

    /// What it asks for; nil: nothing of the tree.
    var order: OrderKind? {
        switch self {
        case .hangUp: .reload
        case .interrupt: .stopNow
        case .quit, .terminate: .stop
        case .user1: .reopenLogs
        case .user2: .upgrade
        case .terminalInput: .addEdge
        case .terminalOutput: .removeEdge
        case .child: nil
        }
    }
}
