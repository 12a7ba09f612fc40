public import Domain

/// How large a limit table is; fixed when it is made.
public struct LimitTableShape: Hashable, Sendable {
    /// How many keys are counted at the same time: one quarter of them for the scopes by address, the rest for the others.
    public var slots: Int
    /// How many processes may hold something at the same time, those included that are dead and not recovered.
    public var places: Int
    /// How many requests each of them may hold something for at the same time.
    public var holdsPerPlace: Int

    public static let slotBounds = 256...(1 << 23)
    public static let placeBounds = 1...220
    public static let holdBounds = 16...65_536
    public static let defaultHoldsPerPlace = 16_384

    public init(slots: Int, places: Int, holdsPerPlace: Int = LimitTableShape.defaultHoldsPerPlace) {
        self.slots = slots
        self.places = places
        self.holdsPerPlace = holdsPerPlace
    }

    /// What the settings ask for, within what a table can be.
    public init(_ settings: LimitTableSettings) {
        let (slots, places) = (Self.slotBounds, Self.placeBounds)
        self.init(
            slots: min(max(Int(settings.slots), slots.lowerBound), slots.upperBound),
            places: min(max(Int(settings.places), places.lowerBound), places.upperBound))
    }

    /// Whether there can be such a table.
    public var isPossible: Bool {
        Self.slotBounds.contains(self.slots) && Self.placeBounds.contains(self.places)
            && Self.holdBounds.contains(self.holdsPerPlace)
    }
}
