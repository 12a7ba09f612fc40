/// How long something takes of late: an exponentially weighted mean, in which one measurement counts an eighth.
public struct MeanTime: Hashable, Sendable {
    /// A measurement above it counts as this one: 13 days.
    private static let longest: UInt64 = 1 << 50

    /// 0 while nothing was measured.
    public private(set) var nanoseconds: UInt64 = 0

    public init() {}

    public mutating func add(_ time: UInt64) {
        let time = max(1, min(time, MeanTime.longest))
        if self.nanoseconds == 0 {
            self.nanoseconds = time
        } else if time > self.nanoseconds {
            self.nanoseconds += (time - self.nanoseconds) / 8
        } else {
            self.nanoseconds -= (self.nanoseconds - time) / 8
        }
    }
}
