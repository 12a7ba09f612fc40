import Domain

/// Memory for what the rows of one statement lend to SQLite: each row's key, and its packed detail.
///
/// Small numbers are packed into few bytes: seven bits a byte, least first, the top bit set where more follow (LEB128). What
/// would not fit is cut off, which no packing of this module comes near.
// SAFETY: the buffer is allocated once and freed in deinit; rows are checked by `start`, writes against `rowSize`.
@safe
final class RowScratch {
    /// Of key and numbers.
    private static let numbersSize = 512
    private static let keySize = 16
    private let buffer: UnsafeMutableRawBufferPointer
    private let rows: Int
    private let rowSize: Int
    private var base = 0
    /// Where the present detail begins.
    private var from = 0
    private var end = 0

    /// `trail`: bytes of the longest trail in one of the rows.
    init(rows: Int, trail: Int = 0) {
        self.rows = rows
        self.rowSize = Self.numbersSize + trail
        unsafe self.buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: rows * self.rowSize, alignment: 16)
    }

    deinit {
        unsafe self.buffer.deallocate()
    }

    /// Begins a row with its key: the record's 16 bytes, most significant first.
    @inline(__always)
    func start(row: Int, _ record: RecordID) {
        precondition(row >= 0 && row < self.rows)
        self.base = row * self.rowSize
        self.from = self.base + Self.keySize
        self.end = self.from
        unsafe self.buffer.storeBytes(of: record.high.bigEndian, toByteOffset: self.base, as: UInt64.self)
        unsafe self.buffer.storeBytes(of: record.low.bigEndian, toByteOffset: self.base + 8, as: UInt64.self)
    }

    /// Begins a second detail behind the first.
    @inline(__always)
    func startSecond() {
        self.from = self.end
    }

    @inline(__always)
    func append(_ value: UInt64) {
        var rest = value
        var end = self.end
        guard end + 10 <= self.base + self.rowSize else { return }
        while rest >= 0x80 {
            unsafe self.buffer[end] = UInt8(truncatingIfNeeded: rest) | 0x80
            end &+= 1
            rest >>= 7
        }
        unsafe self.buffer[end] = UInt8(truncatingIfNeeded: rest)
        self.end = end &+ 1
    }

    /// Bytes as they are, up to the detail's end.
    @inline(__always)
    func append(_ bytes: [UInt8]) {
        guard self.end + bytes.count <= self.base + self.rowSize, let start = unsafe self.buffer.baseAddress else {
            return
        }
        unsafe bytes.withUnsafeBytes { source in
            guard let first = source.baseAddress else { return }
            unsafe (start + self.end).copyMemory(from: first, byteCount: source.count)
        }
        self.end &+= bytes.count
    }

    /// The tokens: a mask of `TokenClass` bits and their numbers. `isRare`: only of the classes that `requests` has no columns
    /// for, and nothing at all where there are none and nothing follows.
    @inline(__always)
    func append(_ usage: TokenUsage, isRare: Bool, isLast: Bool = true) {
        guard usage.hasRareClasses else {
            guard isRare else { return self.append(common: usage) }
            if !isLast { self.append(0) }
            return
        }
        var mask: UInt64 = 0
        for tokenClass in TokenClass.allCases where usage[tokenClass] != 0 && !(isRare && tokenClass.hasColumn) {
            mask |= 1 << UInt64(tokenClass.rawValue)
        }
        self.append(mask)
        for tokenClass in TokenClass.allCases where mask & 1 << UInt64(tokenClass.rawValue) != 0 {
            self.append(UInt64(bitPattern: usage[tokenClass]))
        }
    }

    /// As `append(usage)`, where there are tokens only of the classes that most calls have.
    @inline(__always)
    private func append(common usage: TokenUsage) {
        let mask: UInt64 =
            (usage.input != 0 ? 1 << 0 : 0) | (usage.cacheRead != 0 ? 1 << 1 : 0) | (usage.output != 0 ? 1 << 4 : 0)
            | (usage.reasoning != 0 ? 1 << 5 : 0)
        self.append(mask)
        if usage.input != 0 { self.append(UInt64(bitPattern: usage.input)) }
        if usage.cacheRead != 0 { self.append(UInt64(bitPattern: usage.cacheRead)) }
        if usage.output != 0 { self.append(UInt64(bitPattern: usage.output)) }
        if usage.reasoning != 0 { self.append(UInt64(bitPattern: usage.reasoning)) }
    }

    /// How a call was served and what it used besides tokens: the service, a mask of `UnitClass` bits and their numbers; nothing where
    /// there is nothing to say.
    func append(_ service: ServiceTier, _ units: CallUnits?) {
        guard service != .standard || units != nil else { return }
        self.append(UInt64(service.rawValue))
        let used = UnitClass.allCases.filter { units?[$0] ?? 0 != 0 }
        self.append(used.reduce(UInt64(0)) { $0 | 1 << UInt64($1.rawValue) })
        for unitClass in used { self.append(UInt64(bitPattern: units?[unitClass] ?? 0)) }
    }

    /// The row's key; valid until the row is started anew.
    @unsafe var key: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: self.buffer[self.base..<self.base + Self.keySize])
    }

    /// What was packed since the row, or the second detail, was begun; valid until the row is started anew.
    @unsafe var detail: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: self.buffer[self.from..<self.end])
    }

    /// A copy of `detail`.
    var detailBytes: [UInt8] { unsafe Array(self.detail) }
}
