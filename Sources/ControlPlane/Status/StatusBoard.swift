import Domain
import IPC

/// What control knows of the tree: the supervisor's newest report, and what belongs to it here. Lives on control's loop.
final class StatusBoard {
    /// Milliseconds after which a report says nothing of now: one comes each second.
    static let reportLife: UInt64 = 10_000
    /// Refusals whose whole texts are kept: as many as there are operations in a report.
    private static let refusalLimit = TreeReport.operationLimit

    private let now: () -> UInt64
    private var newest: (report: TreeReport, at: UInt64)?
    private var refusals: [String] = []
    /// Of the configuration in force.
    var notices: [String]

    /// `now` is any clock's milliseconds.
    init(notices: [String], now: @escaping () -> UInt64) {
        self.notices = notices
        self.now = now
    }

    func tell(_ report: TreeReport) {
        self.newest = (report, self.now())
    }

    /// The supervisor hears of a refusal and cuts it short in its reports.
    func keep(refusal: String) {
        self.refusals = self.refusals.suffix(Self.refusalLimit - 1) + [refusal]
    }

    /// The newest report, refusals in full; nil where there is none that says anything of now.
    var report: TreeReport? {
        guard let newest = self.newest, self.now() &- newest.at <= Self.reportLife else { return nil }
        var report = newest.report
        for index in report.operations.indices where report.operations[index].state == .failed {
            let message = report.operations[index].message
            guard let whole = self.refusals.last(where: { Self.isCut(message, of: $0) }) else { continue }
            report.operations[index].message = whole
        }
        return report
    }

    /// Whether a report has so far been received at all.
    var hasReport: Bool { self.newest != nil }

    private static func isCut(_ message: String, of whole: String) -> Bool {
        // Cutting may have put a replacement character at the end.
        var bytes = Array(message.utf8)
        if message.unicodeScalars.last == "\u{FFFD}" { bytes.removeLast(3) }
        return bytes.count > 1000 && whole.utf8.starts(with: bytes)
    }
}
