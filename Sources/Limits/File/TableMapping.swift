import CLimits
import Domain
import Glibc
import Platform

/// The file in memory: words by their place, each access atomic and within the mapping.
///
/// Owns the descriptor and the mapping. All bounds come from the layout, which was checked against the file's size; nothing that is
/// read from the mapping is trusted to be anything but 64 bits.
// SAFETY: `base` and `layout.totalWords` are those of a mapping that is made in `init` and taken away in `deinit`. Each index is
// checked against the layout. The file is of that size since before it had its name, and nobody makes it shorter.
@safe final class TableMapping {
    let layout: TableLayout
    let isWritable: Bool
    /// What keys are hashed with: the start of the host, which nobody outside knows.
    let seed: UInt64
    private let descriptor: OwnedDescriptor
    private let base: UnsafeMutablePointer<UInt64>

    init(
        _ descriptor: consuming OwnedDescriptor, layout: TableLayout, boot: BootID, isWritable: Bool
    ) throws(SystemError) {
        let protection = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
        let start = unsafe mmap(nil, layout.totalWords * 8, protection, MAP_SHARED, descriptor.number, 0)
        guard let start = unsafe start, unsafe start != MAP_FAILED else { throw SystemError.last("mmap") }
        unsafe self.base = start.bindMemory(to: UInt64.self, capacity: layout.totalWords)
        self.layout = layout
        self.seed = boot.high ^ boot.low
        self.isWritable = isWritable
        self.descriptor = descriptor
    }

    deinit {
        unsafe munmap(self.base, self.layout.totalWords * 8)
    }

    // MARK: The header

    func header(_ word: Int) -> UInt64 {
        word < TableLayout.pageWords ? unsafe sluice_limits_load(self.base + word) : 0
    }

    func setHeader(_ word: Int, _ value: UInt64) {
        if word < TableLayout.pageWords, self.isWritable { unsafe sluice_limits_store(self.base + word, value) }
    }

    func exchangeHeader(_ word: Int, _ expected: UInt64, _ value: UInt64) -> Bool {
        guard word < TableLayout.pageWords, self.isWritable else { return false }
        return unsafe sluice_limits_exchange(self.base + word, expected, value) != 0
    }

    /// The owner of a place: its instance, 0 where it is free.
    @inline(always)
    func owner(_ place: Int) -> UInt32 {
        guard place >= 0, place < self.layout.places else { return 0 }
        return UInt32(truncatingIfNeeded: unsafe sluice_limits_load(self.base + TableLayout.Header.owners + place))
    }

    // MARK: Slots

    @inline(always)
    func slot(_ index: Int) -> SlotWord {
        guard index >= 0, index < self.layout.slots else { return SlotWord(raw: 0) }
        return SlotWord(raw: unsafe sluice_limits_load_ordered(self.base + TableLayout.pageWords + index))
    }

    @inline(always)
    func exchangeSlot(_ index: Int, _ expected: SlotWord, _ word: SlotWord) -> Bool {
        guard index >= 0, index < self.layout.slots, self.isWritable else { return false }
        #if SLUICE_TEST_HOOKS
        if TableFault.current == .compare {
            unsafe sluice_limits_store(self.base + TableLayout.pageWords + index, word.raw)
            return true
        }
        #endif
        return unsafe sluice_limits_exchange(self.base + TableLayout.pageWords + index, expected.raw, word.raw) != 0
    }

    // MARK: Cells

    /// Where a cell begins; nil for none, and for one that has no room in the file.
    @inline(always)
    private func cell(_ cell: UInt32) -> UnsafeMutablePointer<UInt64>? {
        let cell = Int(cell)
        guard cell > 0, cell < self.layout.cells else { return nil }
        return unsafe self.base + (self.layout.cellsStart + cell * self.layout.cellWords)
    }

    /// The key in a cell, as it is now.
    @inline(always)
    func key(cell: UInt32) -> (high: UInt64, low: UInt64)? {
        guard let start = unsafe self.cell(cell) else { return nil }
        return unsafe (
            sluice_limits_load_relaxed(start + SlotImage.Word.keyHigh),
            sluice_limits_load_relaxed(start + SlotImage.Word.keyLow)
        )
    }

    /// Copies a cell, which may be torn until its slot's word has been read again; false where there is no such cell.
    @inline(always)
    func read(cell: UInt32, into image: SlotImage) -> Bool {
        guard let start = unsafe self.cell(cell) else { return false }
        let fixed = SlotImage.fixedWords
        unsafe sluice_limits_read(image.words, start, fixed)
        image.boundPlaces()
        unsafe sluice_limits_read(image.words + fixed, start + fixed, image.usedPlaces * SlotImage.placeWords)
        return true
    }

    /// Fills a cell that is this process's own.
    @inline(always)
    func write(_ image: SlotImage, cell: UInt32) -> Bool {
        guard self.isWritable, let start = unsafe self.cell(cell) else { return false }
        unsafe sluice_limits_write(
            start, image.words, SlotImage.fixedWords + image.usedPlaces * SlotImage.placeWords)
        return true
    }

    /// What was read from cells before is read before the words that are read from now on.
    @inline(always)
    func fence() { sluice_limits_fence() }

    /// Takes a cell that nobody has had; nil where there is none, or the disk is full.
    func takeCell() -> UInt32? {
        typealias Header = TableLayout.Header
        while true {
            let next = self.header(Header.nextCell)
            guard next > 0, next < UInt64(self.layout.cells) else { return nil }
            let backed = self.header(Header.backedCells)
            if next < backed {
                if self.exchangeHeader(Header.nextCell, next, next + 1) { return UInt32(next) }
            } else {
                guard self.back(from: Int(next)) else { return nil }
            }
            guard self.isWritable else { return nil }
        }
    }

    /// Gives the file room for the cells from `first` on. More than one process may do so at the same time.
    private func back(from first: Int) -> Bool {
        let layout = self.layout
        let end = min(layout.cells, first + max(1, TableLayout.chunkWords / layout.cellWords))
        let start = layout.cellsStart + first * layout.cellWords
        let count = (end - first) * layout.cellWords
        guard sluice_limits_reserve(self.descriptor.number, Int64(start * 8), Int64(count * 8)) == 0 else {
            return false
        }
        let backed = self.header(TableLayout.Header.backedCells)
        if backed < UInt64(end) { _ = self.exchangeHeader(TableLayout.Header.backedCells, backed, UInt64(end)) }
        return true
    }

    // MARK: Holds

    /// A word of an entry of a place's list; 0 for what is not there.
    @inline(always)
    func hold(_ place: Int, _ entry: Int, _ word: Int) -> UInt64 {
        guard let start = unsafe self.entry(place, entry), word < HoldEntry.words else { return 0 }
        return unsafe sluice_limits_load(start + word)
    }

    @inline(always)
    func setHold(_ place: Int, _ entry: Int, _ word: Int, _ value: UInt64) {
        guard self.isWritable, let start = unsafe self.entry(place, entry), word < HoldEntry.words else { return }
        unsafe sluice_limits_store(start + word, value)
    }

    /// Four words of an entry from `word` on; 0 for what is not there.
    @inline(always)
    func holdWords(_ place: Int, _ entry: Int, _ word: Int) -> (UInt64, UInt64, UInt64, UInt64) {
        guard let start = unsafe self.entry(place, entry), word >= 0, word <= HoldEntry.words - 4 else {
            return (0, 0, 0, 0)
        }
        return unsafe (
            sluice_limits_load(start + word), sluice_limits_load(start + word + 1),
            sluice_limits_load(start + word + 2), sluice_limits_load(start + word + 3)
        )
    }

    @inline(always)
    func setHold(_ place: Int, _ entry: Int, _ word: Int, _ values: (UInt64, UInt64, UInt64, UInt64)) {
        guard self.isWritable, let start = unsafe self.entry(place, entry), word >= 0,
            word <= HoldEntry.words - 4
        else { return }
        unsafe sluice_limits_store(start + word, values.0)
        unsafe sluice_limits_store(start + word + 1, values.1)
        unsafe sluice_limits_store(start + word + 2, values.2)
        unsafe sluice_limits_store(start + word + 3, values.3)
    }

    @inline(always)
    private func entry(_ place: Int, _ entry: Int) -> UnsafeMutablePointer<UInt64>? {
        let layout = self.layout
        guard place >= 0, place < layout.places, entry >= 0, entry < layout.holds else { return nil }
        return unsafe self.base + (layout.holdsStart + (place * layout.holds + entry) * HoldEntry.words)
    }

    // MARK: The board

    @inline(always)
    private func boardWord(_ entry: Int, _ word: Int) -> UnsafeMutablePointer<UInt64>? {
        guard entry >= 0, entry < self.layout.board, word >= 0, word < HealthBoard.words else { return nil }
        return unsafe self.base + (self.layout.boardStart + entry * HealthBoard.words + word)
    }

    /// A word of an entry of the board; 0 for what is not there.
    @inline(always)
    func board(_ entry: Int, _ word: Int) -> UInt64 {
        guard let word = unsafe self.boardWord(entry, word) else { return 0 }
        return unsafe sluice_limits_load(word)
    }

    @inline(always)
    func setBoard(_ entry: Int, _ word: Int, _ value: UInt64) {
        guard self.isWritable, let word = unsafe self.boardWord(entry, word) else { return }
        unsafe sluice_limits_store(word, value)
    }

    @inline(always)
    func exchangeBoard(_ entry: Int, _ word: Int, _ expected: UInt64, _ value: UInt64) -> Bool {
        guard self.isWritable, let word = unsafe self.boardWord(entry, word) else { return false }
        return unsafe sluice_limits_exchange(word, expected, value) != 0
    }

    // MARK: The file

    /// Whether `path` still names this file.
    func isNamed(_ path: String) -> Bool {
        var (mine, named) = (stat(), stat())
        guard unsafe fstat(self.descriptor.number, &mine) == 0, unsafe stat(path, &named) == 0 else { return false }
        return mine.st_ino == named.st_ino && mine.st_dev == named.st_dev
    }

    /// Bytes that the file takes on the disk.
    var allocatedBytes: Int {
        var info = stat()
        guard unsafe fstat(self.descriptor.number, &info) == 0 else { return 0 }
        return Int(info.st_blocks) * 512
    }
}
