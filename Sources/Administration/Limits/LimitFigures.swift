import Domain
import Limits
import Platform

/// Reads from the limit table what was used. The file is mapped for each look: tables are made anew when a host has started.
struct LimitFigures {
    /// How one kind of limit stands, in its unit.
    struct Figure {
        var used: Int64
        var held: Int64
        /// Nil where nothing limits it.
        var remaining: Int64?
        /// Milliseconds until nothing of `used` counts any more; nil where that is no sliding window.
        var reset: UInt64?
    }

    let stateDirectory: String
    /// Milliseconds since 1970.
    let clock: () -> UInt64

    /// How one stands, in the order of `LimitKind`; nil where there is no table (yet) that belongs to this start of the host.
    func report(_ subject: LimitSubject, limits: LimitSet) throws(AdministrationFailure) -> [Figure]? {
        let path = LimitTable.path(stateDirectory: self.stateDirectory)
        let table: LimitTable
        do {
            table = try LimitTable.open(path, .reading, boot: try BootID.current())
        } catch let error as LimitTableError {
            if error.isMissing || error == .table(path: path, .boot) { return nil }
            throw AdministrationFailure(status: 503, code: "storage_failed", message: error.description)
        } catch {
            throw AdministrationFailure(status: 503, code: "storage_failed", message: "\(error)")
        }
        let periods = CalendarPeriods(at: Int64(clamping: self.clock() / 1000), in: subject.timeZone)
        let report = LimitReader(table).report(
            subject.key, subject.scope, limits: limits, periods: periods, window: table.windowTime())
        return LimitKind.allCases.enumerated().map { index, kind in
            // What was never counted has used nothing.
            let limit = limits[kind].flatMap { $0 == LimitSet.unlimited ? nil : $0 }
            guard let line = report?.lines[index] else { return Figure(used: 0, held: 0, remaining: limit) }
            return Figure(used: line.used, held: line.held, remaining: line.remaining, reset: line.reset)
        }
    }
}
