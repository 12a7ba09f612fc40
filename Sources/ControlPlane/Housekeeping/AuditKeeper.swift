import Administration
import Domain
import EventLog

/// Removes what is old of the audit log, a little at a time, on the administration's threads. Lives on control's loop.
final class AuditKeeper {
    /// Changes that are removed in one transaction.
    private static let batch = 500

    private let desk: AdministrationDesk
    private let log: Log
    private var pruning = AuditPruning()

    init(_ desk: AdministrationDesk, log: Log) {
        self.desk = desk
        self.log = log
    }

    /// Does what is due at `now`, in seconds since 1970. `kept`: milliseconds that changes are kept; nil: for ever.
    func look(now: Int64, kept: UInt64?, _ settings: HousekeepingSettings) {
        guard let time = self.pruning.begin(at: now, kept: kept, settings) else { return }
        self.remove(before: time, removed: 0) { [weak self] in self?.pruning.end(at: now, settings) }
    }

    private func remove(before time: UInt64, removed: Int, then: @escaping () -> Void) {
        let work = { @Sendable (bench: DeskBench) -> Result<Int, AdministrationFailure> in
            Result { () throws(AdministrationFailure) in try bench.store.removeAudit(before: time, limit: Self.batch) }
        }
        self.desk.perform(work) { [weak self] result in
            guard let self else { return }
            switch result.flatMap({ $0 }) {
            case .success(Self.batch): self.remove(before: time, removed: removed + Self.batch, then: then)
            case .success(let count):
                then()
                guard removed + count > 0 else { return }
                self.log.info("old entries of the audit log removed", ["count": .int(removed + count)])
            case .failure(let failure):
                self.log.error(
                    "old entries of the audit log cannot be removed; tried again", ["error": .string(failure.message)])
            }
        }
    }
}
