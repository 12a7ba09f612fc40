import CLimits
import Glibc
public import Platform

/// A table of limits in a file that several processes map: made and seeded by one, then used by all without any of them having to
/// live. Each process, and each thread of a test, has an object of its own.
///
/// A table is made under another name, seeded, and then `publish`ed; what has its name is whole.
public final class LimitTable {
    public enum Access: Sendable {
        case reading
        case writing
    }

    /// The file's name in its folder.
    public static let fileName = "limits.table"

    /// The table's folder, where the aggregator makes it.
    public static func folder(stateDirectory: String) -> String { "\(stateDirectory)/limits" }

    /// The table of the gateway with this state folder.
    public static func path(stateDirectory: String) -> String {
        "\(self.folder(stateDirectory: stateDirectory))/\(Self.fileName)"
    }

    /// The same for the table that upstreams share: what they may ask of providers, and how those are. It is in a folder of its own,
    /// which nobody else has to open.
    public static func providersFolder(stateDirectory: String) -> String { "\(stateDirectory)/providers" }

    public static func providersPath(stateDirectory: String) -> String {
        "\(self.providersFolder(stateDirectory: stateDirectory))/providers.table"
    }

    /// Where the file is, or will be.
    public let path: String
    let mapping: TableMapping
    private let clockBase: UInt64
    private var isPublished: Bool
    private var unfinished: String { self.path + ".new" }

    private init(path: String, mapping: TableMapping, isPublished: Bool) {
        self.path = path
        self.mapping = mapping
        self.clockBase = mapping.header(TableLayout.Header.clockBase)
        self.isPublished = isPublished
    }

    /// Makes an empty table beside `path`, instead of one that was not finished. Nobody sees it before `publish`; it is removed
    /// with this object otherwise. Only one process may do this at a time.
    ///
    /// `wall` is the time now in milliseconds since 1970, by which the table's clock begins.
    public static func create(
        _ path: String, shape: LimitTableShape, boot: BootID, wall: UInt64 = Clocks.wallMilliseconds()
    ) throws(LimitTableError) -> LimitTable {
        guard let layout = TableLayout(shape) else { throw .table(path: path, .shape) }
        let unfinished = path + ".new"
        unsafe unlink(unfinished)
        let descriptor = OwnedDescriptor(
            adopting: unsafe Glibc.open(unfinished, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o660))
        guard descriptor.number >= 0 else { throw .system(path: unfinished, .last("open")) }
        var isMade = false
        defer { if !isMade { unsafe unlink(unfinished) } }
        // As long as it can ever be, yet with room only for what comes before the cells: nothing is past the end of the file, and
        // what has no room is not touched.
        guard ftruncate(descriptor.number, off_t(layout.totalWords * 8)) == 0 else {
            throw .system(path: unfinished, .last("ftruncate"))
        }
        let refused = sluice_limits_reserve(descriptor.number, 0, Int64(layout.cellsStart * 8))
        guard refused == 0 else {
            throw .system(path: unfinished, SystemError(operation: "fallocate", code: refused))
        }
        let mapping: TableMapping
        do throws(SystemError) {
            mapping = try TableMapping(descriptor, layout: layout, boot: boot, isWritable: true)
        } catch {
            throw .system(path: unfinished, error)
        }
        typealias Header = TableLayout.Header
        let values: [(Int, UInt64)] = [
            (Header.magic, TableLayout.magic), (Header.format, TableLayout.format), (Header.bootHigh, boot.high),
            (Header.bootLow, boot.low), (Header.slots, UInt64(layout.slots)), (Header.places, UInt64(layout.places)),
            (Header.holds, UInt64(layout.holds)), (Header.clockBase, wall &- sluice_limits_boottime_ms()),
            (Header.board, UInt64(layout.board)), (Header.nextCell, 1), (Header.backedCells, 1),
        ]
        for (word, value) in values { mapping.setHeader(word, value) }
        mapping.setHeader(Header.checksum, Self.checksum { mapping.header($0) })
        isMade = true
        return LimitTable(path: path, mapping: mapping, isPublished: false)
    }

    /// Gives a table that was `create`d its name, in place of whatever has it. Who has mapped that one keeps it.
    public func publish() throws(LimitTableError) {
        guard !self.isPublished else { return }
        guard unsafe rename(self.unfinished, self.path) == 0 else {
            throw .system(path: self.path, .last("rename"))
        }
        self.isPublished = true
    }

    /// Maps the table that has the name. Throws where there is none (`isMissing`), where it is no table, and where it is of
    /// another format or another start of the host.
    public static func open(_ path: String, _ access: Access, boot: BootID) throws(LimitTableError) -> LimitTable {
        let flags = access == .writing ? O_RDWR : O_RDONLY
        let descriptor = OwnedDescriptor(adopting: unsafe Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW))
        guard descriptor.number >= 0 else { throw .system(path: path, .last("open")) }
        var info = stat()
        guard unsafe fstat(descriptor.number, &info) == 0 else { throw .system(path: path, .last("fstat")) }
        var words = [UInt64](repeating: 0, count: TableLayout.Header.board + 1)
        let size = words.count * 8
        let count = unsafe words.withUnsafeMutableBytes {
            unsafe pread(descriptor.number, $0.baseAddress, size, 0)
        }
        typealias Header = TableLayout.Header
        guard count == size, words[Header.magic] == TableLayout.magic else { throw .table(path: path, .damaged) }
        guard words[Header.format] == TableLayout.format else {
            throw .table(path: path, .format(words[Header.format]))
        }
        guard words[Header.checksum] == Self.checksum({ words[$0] }),
            let slots = Int(exactly: words[Header.slots]), let places = Int(exactly: words[Header.places]),
            let holds = Int(exactly: words[Header.holds]), let board = Int(exactly: words[Header.board]),
            let layout = TableLayout(
                LimitTableShape(slots: slots, places: places, holdsPerPlace: holds, boardEntries: board)),
            info.st_size == off_t(layout.totalWords * 8)
        else { throw .table(path: path, .damaged) }
        guard words[Header.bootHigh] == boot.high, words[Header.bootLow] == boot.low else {
            throw .table(path: path, .boot)
        }
        do throws(SystemError) {
            let mapping = try TableMapping(descriptor, layout: layout, boot: boot, isWritable: access == .writing)
            return LimitTable(path: path, mapping: mapping, isPublished: true)
        } catch { throw .system(path: path, error) }
    }

    /// FNV-1a of the words that never change; the board's size is one of them where there is a board.
    private static func checksum(_ word: (Int) -> UInt64) -> UInt64 {
        var sum: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ value: UInt64) {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                sum = (sum ^ value >> shift & 0xFF) &* 0x100_0000_01B3
            }
        }
        for index in 0..<TableLayout.Header.checksum { add(word(index)) }
        let board = word(TableLayout.Header.board)
        if board != 0 { add(board) }
        return sum
    }

    /// How large it is: to be compared with what the configuration asks for.
    public var shape: LimitTableShape { self.mapping.layout.shape }

    /// Milliseconds of the table's clock: about the wall clock's when the table was made, and without a jump since then.
    public func windowTime() -> UInt64 { sluice_limits_boottime_ms() &+ self.clockBase }

    /// Whether `path` still names this table, and not one that was made since.
    public var isCurrent: Bool { self.mapping.isNamed(self.path) }

    deinit {
        if !self.isPublished { unsafe unlink(self.unfinished) }
    }
}
