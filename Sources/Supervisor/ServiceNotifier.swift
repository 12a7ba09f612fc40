import Glibc
import Platform

/// Tells the service manager (systemd's protocol) how the tree is doing; does nothing where there is none.
struct ServiceNotifier {
    private let socket: String?
    /// Nanoseconds between two signs of life, when they are asked for.
    let watchdogInterval: UInt64?

    /// `variable` looks up the process's environment.
    init(processID: Int32, variable: (String) -> String?) {
        self.socket = variable("NOTIFY_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
        let isForUs = variable("WATCHDOG_PID").map { $0 == String(processID) } ?? true
        let microseconds = variable("WATCHDOG_USEC").flatMap { UInt64($0) } ?? 0
        // Half of what is granted, so that one late turn of the loop is no death.
        self.watchdogInterval =
            isForUs && microseconds > 0 && microseconds < UInt64.max / 1000 && self.socket != nil
            ? microseconds * 1000 / 2 : nil
    }

    /// Sends one state, such as `READY=1`. A manager that does not listen is not our trouble.
    func notify(_ state: String) {
        guard let socket else { return }
        try? UnixDatagram.send(Array(state.utf8), to: socket)
    }
}
