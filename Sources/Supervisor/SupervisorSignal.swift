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

    /// As operators know it.
    var name: String {
        switch self {
        case .hangUp: "HUP"
        case .interrupt: "INT"
        case .quit: "QUIT"
        case .user1: "USR1"
        case .user2: "USR2"
        case .terminate: "TERM"
        case .child: "CHLD"
        case .terminalInput: "TTIN"
        case .terminalOutput: "TTOU"
        }
    }
}
