/// A moment of the table's clock, as windows of each length see it.
struct WindowMoment: Hashable {
    static let minute: UInt64 = 60_000
    static let hour: UInt64 = 3_600_000
    static let day: UInt64 = 86_400_000

    /// One length of windows.
    struct Place: Hashable {
        /// Which window it is.
        let index: UInt64
        /// Milliseconds until it ends, at least 1.
        let rest: UInt64
        let length: UInt64

        @inline(always)
        init(_ now: UInt64, _ length: UInt64) {
            self.index = now / length
            self.rest = length &- (now &- self.index &* length)
            self.length = length
        }
    }

    let now: UInt64
    let minute: Place
    let hour: Place
    let day: Place

    @inline(always)
    init(_ now: UInt64) {
        self.now = now
        self.minute = Place(now, Self.minute)
        self.hour = Place(now, Self.hour)
        self.day = Place(now, Self.day)
    }
}
