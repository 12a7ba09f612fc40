/// What a slot begins with, in a table that nobody uses yet.
public struct LimitSeed: Hashable, Sendable {
    /// A sliding window at the time the seed is laid: what was counted in the window that is now, and in the one before. They end
    /// where the table's clock is a multiple of the length.
    public struct Window: Hashable, Sendable {
        public var current: Int64
        public var previous: Int64

        public init(current: Int64 = 0, previous: Int64 = 0) {
            self.current = current
            self.previous = previous
        }
    }

    /// A kind of calendar period: what was used in the one that is now, and in the one before.
    public struct Budget: Hashable, Sendable {
        public var current: LimitUse
        public var previous: LimitUse

        public init(current: LimitUse = LimitUse(), previous: LimitUse = LimitUse()) {
            self.current = current
            self.previous = previous
        }
    }

    public var requestsPerMinute = Window()
    public var requestsPerHour = Window()
    public var requestsPerDay = Window()
    public var tokensPerMinute = Window()
    public var tokensPerDay = Window()
    public var day = Budget()
    public var week = Budget()
    public var month = Budget()
    public var total = LimitUse()

    public init() {}

    /// The milliseconds of the table's clock at which the window of a length that `now` is in begins, and the one before it: what is
    /// to be counted for `Window`. Lengths: 60,000, 3,600,000, 86,400,000.
    public static func bounds(of length: UInt64, at now: UInt64) -> (previous: UInt64, current: UInt64) {
        let current = length == 0 ? now : now / length * length
        return (current >= length ? current - length : 0, current)
    }
}
