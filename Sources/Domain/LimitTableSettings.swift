/// What the aggregator needs to make the limit table and to fill it from the usage database.
public struct LimitTableSettings: Hashable, Sendable {
    /// A project with a time zone of its own.
    public struct Project: Hashable, Sendable {
        public var id: EntityID
        public var timeZone: TimeZoneRules

        public init(id: EntityID, timeZone: TimeZoneRules) {
            self.id = id
            self.timeZone = timeZone
        }
    }

    /// What `slots` may be: fewer would be no table, more could not be numbered.
    public static let slotRange: ClosedRange<UInt32> = 1024...(1 << 23)
    /// What `places` may be.
    public static let placeRange: ClosedRange<UInt16> = 1...220

    /// How many keys, projects, addresses … can be counted at the same time.
    public var slots: UInt32 = 1 << 20
    /// How many edges there can be at the same time, those included that end and those that are not recovered yet.
    public var places: UInt16 = 8
    /// Of everybody who has no time zone of its own.
    public var timeZone = TimeZoneRules.utc
    public var projects: [Project] = []

    public init() {}
}
