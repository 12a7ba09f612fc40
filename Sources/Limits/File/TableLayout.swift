import Domain

/// Where everything lies in the file, in words of 8 bytes. Worked out from the shape alone, so that nothing else that the file
/// says decides what is touched.
///
/// The header page; the slots' words; the lists of holds, one a place; the board, where there is one; the cells, which come last
/// because they grow.
struct TableLayout: Hashable {
    static let magic: UInt64 = 0x544C_4543_4955_4C53  // "SLUICELT" in the order of the bytes
    static let format = UInt64(SharedFormats.limitTable)
    static let pageWords = 512
    /// Cells are given to the file in pieces of about this many words: 4 MiB.
    static let chunkWords = 1 << 19
    static let maximumCells = 1 << 24

    /// Words of the header.
    enum Header {
        static let magic = 0
        static let format = 1
        static let bootHigh = 2
        static let bootLow = 3
        static let slots = 4
        static let places = 5
        static let holds = 6
        /// The table's clock is the host's time since its start and this.
        static let clockBase = 7
        static let checksum = 8
        /// Entries of the board. Tables without one have 0 here, as those had that were made before there were boards.
        static let board = 9
        /// The first cell that nobody has taken yet.
        static let nextCell = 16
        /// How many cells have room in the file.
        static let backedCells = 17
        /// Entries of the board that are taken.
        static let boardTaken = 18
        /// The owners of the places: an instance each, 0 where the place is free.
        static let owners = 64
        /// How many entries of each place's list have been in use.
        static let holdMarks = 284
    }

    let slots: Int
    let addressSlots: Int
    let places: Int
    let holds: Int
    /// Cell 0 is none.
    let cells: Int
    let imageWords: Int
    let cellWords: Int
    let holdsStart: Int
    let board: Int
    let boardStart: Int
    let cellsStart: Int
    let totalWords: Int

    /// Nil for a shape that cannot be.
    init?(_ shape: LimitTableShape) {
        guard shape.isPossible else { return nil }
        self.slots = shape.slots
        self.addressSlots = shape.slots / 4
        self.places = shape.places
        self.holds = shape.holdsPerPlace
        // One a slot, some for each process to work with, and those that processes took with them when they were killed.
        self.cells = min(shape.slots + max(16_384, shape.slots / 8), Self.maximumCells)
        self.imageWords = SlotImage.fixedWords + shape.places * SlotImage.placeWords
        self.cellWords = (self.imageWords + 1) / 2 * 2
        self.holdsStart = Self.pageWords + Self.pages(shape.slots)
        self.board = shape.boardEntries
        self.boardStart = self.holdsStart + Self.pages(shape.places * shape.holdsPerPlace * HoldEntry.words)
        self.cellsStart = self.boardStart + Self.pages(shape.boardEntries * HealthBoard.words)
        self.totalWords = self.cellsStart + Self.pages(self.cells * self.cellWords)
    }

    private static func pages(_ words: Int) -> Int { (words + pageWords - 1) / pageWords * pageWords }

    var shape: LimitTableShape {
        LimitTableShape(
            slots: self.slots, places: self.places, holdsPerPlace: self.holds, boardEntries: self.board)
    }

    /// The slots among which a key of `scope` is counted.
    func area(_ scope: LimitScope) -> Range<Int> {
        scope.isByAddress ? 0..<self.addressSlots : self.addressSlots..<self.slots
    }
}
