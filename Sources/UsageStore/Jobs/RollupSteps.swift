public import Database

/// Recounts the sums of some days, a few days at a time, and puts right those that are wrong.
public final class RollupSteps: JobSteps {
    /// Days that are read as of one moment, which keeps a database from clearing up meanwhile.
    private static let portion: Int64 = 4

    private let sink: any UsageSink
    /// What is left.
    private var days: Range<Int64>

    /// `days` are counted from 1970.
    public init(_ sink: any UsageSink, days: Range<Int64>) {
        self.sink = sink
        self.days = days
    }

    public func step(limit: Int) throws(DatabaseError) -> JobStep {
        guard let first = self.days.first else { return JobStep(amount: 0, state: .done) }
        let end = min(first + Self.portion, self.days.upperBound)
        switch try self.sink.repair(days: first..<end, rows: Int64(limit)) {
        case .more: return JobStep(amount: 0, isFull: true, state: .more)
        case .busy: return JobStep(amount: 0, state: .waits)
        case .done(let differed):
            self.days = end..<self.days.upperBound
            return JobStep(amount: Int64(differed), state: self.days.isEmpty ? .done : .more)
        }
    }
}
