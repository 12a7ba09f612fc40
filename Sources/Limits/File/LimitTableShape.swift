public import Domain

/// How large a limit table is; fixed when it is made.
public struct LimitTableShape: Hashable, Sendable {
    /// How many keys are counted at the same time: one quarter of them for the scopes by address, the rest for the others.
    public var slots: Int
    /// How many processes may hold something at the same time, those included that are dead and not recovered.
    public var places: Int
    /// How many requests each of them may hold something for at the same time.
    public var holdsPerPlace: Int
    /// How many entries the table's board has (`HealthBoard`); 0 where it has none.
    public var boardEntries: Int

    public static let slotBounds = 256...(1 << 23)
    public static let placeBounds = 1...220
    public static let holdBounds = 16...65_536
    public static let defaultHoldsPerPlace = 16_384
    public static let boardBounds = 0...65_536

    public init(
        slots: Int, places: Int, holdsPerPlace: Int = LimitTableShape.defaultHoldsPerPlace, boardEntries: Int = 0
    ) {
        self.slots = slots
        self.places = places
        self.holdsPerPlace = holdsPerPlace
        self.boardEntries = boardEntries
    }

    /// What the settings ask for, within what a table can be.
    public init(_ settings: LimitTableSettings) {
        let (slots, places) = (Self.slotBounds, Self.placeBounds)
        self.init(
            slots: min(max(Int(settings.slots), slots.lowerBound), slots.upperBound),
            places: min(max(Int(settings.places), places.lowerBound), places.upperBound))
    }

    /// The table that `upstreams` processes share: what they may ask of providers, and how those are. Only calls whose key or
    /// provider has limits hold something in it; its lists of holds, which are on the disk from the start, are short for that.
    public static func providers(upstreams: UInt16) -> LimitTableShape {
        LimitTableShape(
            slots: 8_192, places: min(Int(upstreams) * 2 + 4, Self.placeBounds.upperBound), holdsPerPlace: 4_096,
            boardEntries: 8_192)
    }

    /// Whether there can be such a table.
    public var isPossible: Bool {
        Self.slotBounds.contains(self.slots) && Self.placeBounds.contains(self.places)
            && Self.holdBounds.contains(self.holdsPerPlace) && Self.boardBounds.contains(self.boardEntries)
    }
}
