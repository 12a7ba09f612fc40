public import Domain

/// Puts log lines together as bytes, JSON or text, in memory that is used again and again.
///
/// A line is at most 4 KiB, so that a single write(2) of it to a pipe is never mixed with another process's; fields that do
/// not fit are left out and the line says so. Whatever the values hold, the result is one line without control characters: a
/// logged client header can neither forge a line or a field nor drive a terminal (`LineBuffer+Text.swift`).
///
/// Not for two threads at once. The caller begins a line, adds its fields, ends it, and takes the lines out with `drain`
/// before more than `kept` bytes wait.
@safe public struct LineBuffer: ~Copyable {
    /// Bytes of the longest line, its newline included: the size up to which a pipe's writes are atomic.
    public static let longestLine = 4096
    /// What a field may take beyond the longest line before it is seen that it does not fit: a list's first 4 KiB, one value
    /// and a key.
    private static let slack = 12 << 10
    /// Bytes that are always left for the end of a line.
    private static let tail = 16

    let format: LogFormat
    private let origin: LogOrigin
    private let kept: Int
    // SAFETY: `memory` has room for `kept` bytes, one line and `slack`; every method that writes begins at or below
    // `lineStart + longestLine`, where `lineStart` ≤ `kept`, and writes at most `slack` bytes before `finishField` looks.
    let memory: UnsafeMutableRawPointer
    /// Bytes in use.
    var position = 0
    private var lineStart = 0
    private(set) var fieldStart = 0
    private var isCut = false
    /// The text of the second that `stamp` shows.
    private var second = UInt64.max
    private var stamp: [UInt8] = []
    /// What stands between the time's seconds and the fields, for the message of last time.
    private var opening: [UInt8] = []
    private var openingKey: (level: LogLevel, message: UInt)?

    init(origin: LogOrigin, format: LogFormat, keeping kept: Int) {
        self.origin = origin
        self.format = format
        self.kept = kept
        unsafe self.memory = UnsafeMutableRawPointer.allocate(
            byteCount: kept + LineBuffer.longestLine + LineBuffer.slack, alignment: 16)
    }

    deinit {
        unsafe self.memory.deallocate()
    }

    /// Nothing waits.
    public var isEmpty: Bool { self.position == 0 }
    /// No further line may be begun before `drain`.
    public var isFull: Bool { self.position > self.kept }

    /// What waits, copied.
    public var bytes: [UInt8] {
        unsafe Array(UnsafeRawBufferPointer(start: self.memory, count: self.position))
    }

    // MARK: Lines

    /// Begins a line with a constant message; `milliseconds` since 1970.
    public mutating func begin(_ level: LogLevel, _ message: StaticString, milliseconds: UInt64) {
        self.beginLine(milliseconds)
        let identity = message.hasPointerRepresentation ? unsafe UInt(bitPattern: message.utf8Start) : 0
        if self.openingKey?.level != level || self.openingKey?.message != identity || identity == 0 {
            let start = self.position
            self.open(level, message.description)
            self.opening = unsafe Array(
                UnsafeRawBufferPointer(start: self.memory + start, count: self.position - start))
            self.openingKey = (level, identity)
        } else {
            self.append(copy: self.opening)
        }
        self.fieldStart = self.position
    }

    /// The same for a message that somebody else has made.
    mutating func begin(_ level: LogLevel, text message: String, milliseconds: UInt64) {
        self.beginLine(milliseconds)
        self.open(level, message)
        self.fieldStart = self.position
    }

    /// Ends the line.
    public mutating func end() {
        if self.isCut { self.append(self.format == .json ? #","cut":true"# : " cut=true" as StaticString) }
        if self.format == .json { self.append(UInt8(ascii: "}")) }
        self.append(UInt8(ascii: "\n"))
        self.isCut = false
    }

    private mutating func beginLine(_ milliseconds: UInt64) {
        // Who does not drain in time loses what waits, never memory that is not his.
        if self.isFull { self.position = 0 }
        self.lineStart = self.position
        self.isCut = false
        let (second, fraction) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        if second != self.second {
            self.second = second
            let text = Timestamp.text(milliseconds: second.multipliedReportingOverflow(by: 1000).partialValue)
            self.stamp = Array((self.format == .json ? #"{"time":""# : "").utf8) + Array(text.utf8.prefix(20))
        }
        self.append(copy: self.stamp)
        self.append(0x30 &+ UInt8(truncatingIfNeeded: fraction / 100))
        self.append(0x30 &+ UInt8(truncatingIfNeeded: fraction / 10 % 10))
        self.append(0x30 &+ UInt8(truncatingIfNeeded: fraction % 10))
    }

    private mutating func open(_ level: LogLevel, _ message: String) {
        switch self.format {
        case .json:
            self.append(#"Z","level":""#)
            self.append(own: level.label)
            self.append(#"","role":""#)
            self.append(own: self.origin.role.label)
            self.append(#"","instance":"#)
            self.append(decimal: UInt64(self.origin.instance))
            self.append(#","message":"#)
            self.append(text: message, limit: LineBuffer.longestValue)
        case .text:
            self.append("Z ")
            self.append(own: level.label)
            self.append(level.label.utf8.count < 5 ? "  " : " " as StaticString)
            self.append(own: self.origin.role.label)
            self.append("/")
            self.append(decimal: UInt64(self.origin.instance))
            self.append(" ")
            self.append(message: message, limit: LineBuffer.longestValue)
        }
    }

    // MARK: Fields

    /// Writes the field's name; its value and `finishField` have to follow.
    @inline(__always)
    mutating func beginField(_ key: StaticString) {
        self.fieldStart = self.position
        switch self.format {
        case .json:
            self.append(UInt8(ascii: ","))
            self.append(UInt8(ascii: "\""))
            self.append(key)
            self.append(UInt8(ascii: "\""))
            self.append(UInt8(ascii: ":"))
        case .text:
            self.append(UInt8(ascii: " "))
            self.append(key)
            self.append(UInt8(ascii: "="))
        }
    }

    /// Leaves the field out where the line has no room for it.
    @inline(__always)
    mutating func finishField() {
        guard self.position - self.lineStart > LineBuffer.longestLine - LineBuffer.tail else { return }
        self.position = self.fieldStart
        self.isCut = true
    }

    mutating func setFieldStart() { self.fieldStart = self.position }

    // MARK: Taking out

    /// Hands out what waits in pieces of whole lines, each of at most `longestLine` bytes, and forgets it.
    public mutating func drain(_ body: (UnsafeRawBufferPointer) -> Void) {
        let all = unsafe UnsafeRawBufferPointer(start: self.memory, count: self.position)
        var start = 0
        while start < all.count {
            var end = min(all.count, start + LineBuffer.longestLine)
            while end > start, end < all.count, unsafe all[end - 1] != UInt8(ascii: "\n") { end -= 1 }
            guard end > start else { break }
            unsafe body(UnsafeRawBufferPointer(rebasing: all[start..<end]))
            start = end
        }
        self.position = 0
    }

    // MARK: Bytes

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        unsafe self.memory.storeBytes(of: byte, toByteOffset: self.position, as: UInt8.self)
        self.position &+= 1
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        unsafe (self.memory + self.position).copyMemory(from: base, byteCount: bytes.count)
        self.position &+= bytes.count
    }

    private mutating func append(copy bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe self.append($0) }
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        unsafe self.append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// A text of this module's own: short, and nothing in it needs escaping.
    mutating func append(own text: String) {
        for byte in text.utf8 { self.append(byte) }
    }

    mutating func append(decimal value: UInt64) {
        let room = unsafe UnsafeMutableRawBufferPointer(
            start: self.memory + self.position, count: DecimalDigits.most)
        self.position &+= unsafe DecimalDigits.write(value, to: room)
    }
}
