/// How many rows a step of a job works at: as many as take some milliseconds, so that journals never wait long. Pure.
struct StepSize: Hashable {
    private static let range = 50...20_000
    /// Nanoseconds that a step should take at least, and at most.
    private static let time: ClosedRange<UInt64> = 8_000_000...30_000_000

    private(set) var rows = 250

    /// A step has taken so many nanoseconds. `isFull`: for as many rows as it was allowed; one that found less to do says nothing of the others.
    mutating func took(_ nanoseconds: UInt64, isFull: Bool) {
        if nanoseconds > Self.time.upperBound {
            self.rows = max(self.rows / 2, Self.range.lowerBound)
        } else if nanoseconds < Self.time.lowerBound, isFull {
            self.rows = min(self.rows * 2, Self.range.upperBound)
        }
    }
}
