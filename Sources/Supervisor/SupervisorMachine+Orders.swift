import Domain
import IPC
import EventLog

/// What operators ask for, by signals (token 0) and through control.
extension SupervisorMachine {
    mutating func order(_ kind: OrderKind, token: UInt64, at now: UInt64) -> [SupervisorAction] {
        self.take(order: kind, token: token, at: now)
        return self.take()
    }

    mutating func take(order kind: OrderKind, token: UInt64, at now: UInt64) {
        // Too frequent to be kept among what people asked for, and control hears of the end in any case.
        if kind == .refresh {
            self.isRefreshWanted = true
            return self.startReload(at: now)
        }
        // However often HUP comes while a reload waits, it is one reload.
        if kind == .reload, token == 0, self.isReloadWanted, !self.waitingReloads.isEmpty { return }
        // Asked for twice with one token: it is being done.
        guard token == 0 || !self.operations.entries.contains(where: { $0.token == token }) else { return }
        let operation = self.operations.begin(kind, token: token, "waiting", at: now)
        // Too many at once: signals count all the same, and so does the end.
        guard operation != nil || token == 0 || kind == .stop || kind == .stopNow else { return }
        switch kind {
        case .reload: self.requestReload(operation, at: now)
        case .refresh: break
        case .upgrade: self.upgradeAsked(operation, at: now)
        case .stop: self.stopAsked(.drain, at: now)
        case .stopNow: self.stopAsked(.fast, at: now)
        case .reopenLogs: self.actions.append(.reopenLogs(operation))
        case .addEdge: self.addEdge(operation, at: now)
        case .removeEdge: self.removeEdge(operation, at: now)
        }
        self.sendStatus(at: now)
    }

    /// The answer to `reopenLogs`.
    mutating func reopenedLogs(_ operation: OperationList.ID?, failure: String?, at now: UInt64) -> [SupervisorAction] {
        if let operation {
            if let failure {
                self.operations.finish(operation, failed: failure)
            } else {
                self.operations.finish(operation, done: "logs are reopened")
            }
        }
        self.actions.append(.note(failure.map { .orderRefused(.reopenLogs, $0) } ?? .logsReopened))
        self.sendStatus(at: now)
        return self.take()
    }
}
