import Administration
import EventLog

/// Writes down in the audit log what was asked of the whole tree. What is asked for is done first and does not wait for a database: an order to stop
/// or to reload works while there is none. A log line tells of what could not be written down. Lives on control's loop.
final class TreeAudit {
    weak var desk: AdministrationDesk?
    private let log: Log

    init(log: Log) {
        self.log = log
    }

    func note(_ entry: AuditEntry) {
        let work = { @Sendable (bench: DeskBench) -> Result<Void, AdministrationFailure> in
            Result { () throws(AdministrationFailure) in try bench.store.note(entry) }
        }
        let log = self.log
        self.desk?.perform(work) { result in
            guard case .failure(let failure) = result.flatMap({ $0 }) else { return }
            log.error(
                "not in the audit log",
                [
                    "action": .string(entry.action.rawValue), "kind": .string(entry.kind.rawValue),
                    "target": .string(entry.target), "actor": .string(entry.origin.actorID),
                    "error": .string(failure.message),
                ])
        }
    }
}
