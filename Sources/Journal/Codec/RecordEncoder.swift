import Domain

/// Writes the members of a record straight into memory that is there already; allocates nothing.
///
/// The caller has computed the record's size and given that many bytes. Should the two ever disagree, nothing is written
/// outside and `isWhole` says so.
@safe struct RecordEncoder {
    private var cursor: UnsafeMutableRawPointer
    private var room: Int
    private var isBroken = false

    init(_ target: UnsafeMutableRawPointer, count: Int) {
        unsafe self.cursor = target
        self.room = count
    }

    /// Exactly the promised bytes were written.
    var isWhole: Bool { !self.isBroken && self.room == 0 }

    @inline(__always)
    mutating func put<T: FixedWidthInteger>(_ value: T) {
        let size = MemoryLayout<T>.size
        guard self.room >= size else { return self.isBroken = true }
        unsafe self.cursor.storeBytes(of: value.littleEndian, as: T.self)
        unsafe self.cursor += size
        self.room &-= size
    }

    @inline(__always)
    mutating func put(_ record: RecordID) {
        self.put(record.high)
        self.put(record.low)
    }

    @inline(__always)
    mutating func put(_ entity: EntityID) {
        self.put(entity.high)
        self.put(entity.low)
    }

    /// A text of at most `maximum` bytes behind its 16-bit length.
    @inline(__always)
    mutating func put(_ text: [UInt8], _ maximum: Int) {
        let count = RecordText.kept(text, maximum)
        self.put(UInt16(truncatingIfNeeded: count))
        self.putBytes(text, count)
    }

    @inline(__always)
    mutating func putBytes(_ bytes: [UInt8], _ count: Int) {
        guard self.room >= count, bytes.count >= count else { return self.isBroken = true }
        unsafe bytes.withUnsafeBytes { source in
            if let base = source.baseAddress { unsafe self.cursor.copyMemory(from: base, byteCount: count) }
        }
        unsafe self.cursor += count
        self.room &-= count
    }

    /// A byte that says whether there is a value, and the value.
    @inline(__always)
    mutating func put(_ cost: Int64?) {
        self.put(UInt8(cost == nil ? 0 : 1))
        if let cost { self.put(cost) }
    }

    /// A 16-bit set of the classes that have tokens, then their counts.
    @inline(__always)
    mutating func put(_ usage: TokenUsage) {
        self.put(usage.presentClasses)
        if usage.input > 0 { self.put(usage.input) }
        if usage.cacheRead > 0 { self.put(usage.cacheRead) }
        if usage.cacheWrite > 0 { self.put(usage.cacheWrite) }
        if usage.cacheWriteHour > 0 { self.put(usage.cacheWriteHour) }
        if usage.output > 0 { self.put(usage.output) }
        if usage.reasoning > 0 { self.put(usage.reasoning) }
        if usage.audioInput > 0 { self.put(usage.audioInput) }
        if usage.audioOutput > 0 { self.put(usage.audioOutput) }
        if usage.image > 0 { self.put(usage.image) }
    }
}

extension TokenUsage {
    /// The classes with tokens as bits, by the raw value of `TokenClass`. A count below zero is none.
    @inline(__always)
    var presentClasses: UInt16 {
        var bits: UInt16 = 0
        if self.input > 0 { bits |= 1 << 0 }
        if self.cacheRead > 0 { bits |= 1 << 1 }
        if self.cacheWrite > 0 { bits |= 1 << 2 }
        if self.cacheWriteHour > 0 { bits |= 1 << 3 }
        if self.output > 0 { bits |= 1 << 4 }
        if self.reasoning > 0 { bits |= 1 << 5 }
        if self.audioInput > 0 { bits |= 1 << 6 }
        if self.audioOutput > 0 { bits |= 1 << 7 }
        if self.image > 0 { bits |= 1 << 8 }
        return bits
    }

    /// Bytes of the counts in a record.
    @inline(__always)
    var encodedSize: Int { 2 + 8 * self.presentClasses.nonzeroBitCount }
    static let maximumEncodedSize = 2 + 8 * 9
}
