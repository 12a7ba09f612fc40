public import Domain

/// How one slot stands, for operators.
public struct LimitReport: Hashable, Sendable {
    /// One kind of limit, whether there is such a limit or not.
    public struct Line: Hashable, Sendable {
        public var kind: LimitKind
        /// In the unit of the kind, without what is held. 0 for concurrency.
        public var used: Int64
        public var held: Int64
        /// Nil where nothing limits it.
        public var limit: Int64?
        /// At least 0; nil without a limit.
        public var remaining: Int64?
        /// Milliseconds until nothing of `used` counts any more; nil where that is no sliding window.
        public var reset: UInt64?
    }

    /// In the order of `LimitKind`.
    public var lines: [Line]
    /// Milliseconds of the table's clock.
    public var lastUse: UInt64
}

/// How full a table is.
public struct LimitTableRoom: Hashable, Sendable {
    /// Slots for all scopes but those by address, and how many of them are used.
    public var slots: Int
    public var usedSlots: Int
    /// The same for scopes by address.
    public var addressSlots: Int
    public var usedAddressSlots: Int
    /// Cells that were never taken: when there is none left, only slots that are used go on, and new keys replace idle ones.
    public var freeCells: Int
    public var places: Int
    public var usedPlaces: Int
    /// Bytes of the file on the disk.
    public var bytes: Int
}
