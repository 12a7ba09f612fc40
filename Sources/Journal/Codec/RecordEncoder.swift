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
        let present = usage.presentClasses
        self.put(present)
        self.putCounts(usage, present)
    }

    /// As `put(usage)`, with `TokenUsage.extrasBit` in the set where extras follow the counts: the service, a 16-bit set of the
    /// classes that have units, and how much of them.
    @inline(__always)
    mutating func put(_ usage: TokenUsage, _ service: ServiceTier, _ units: CallUnits?) {
        let present = usage.presentClasses
        let classes = units?.presentClasses ?? 0
        guard service != .standard || classes != 0 else {
            self.put(present)
            return self.putCounts(usage, present)
        }
        self.put(present | TokenUsage.extrasBit)
        self.putCounts(usage, present)
        self.put(service.rawValue)
        self.put(classes)
        for unitClass in UnitClass.allCases where classes & 1 << UInt16(unitClass.rawValue) != 0 {
            self.put(units?[unitClass] ?? 0)
        }
    }

    @inline(__always)
    private mutating func putCounts(_ usage: TokenUsage, _ present: UInt16) {
        guard present & TokenUsage.rareBits == 0 else {
            for tokenClass in TokenClass.allCases where present & 1 << UInt16(tokenClass.rawValue) != 0 {
                self.put(usage[tokenClass])
            }
            return
        }
        if usage.input > 0 { self.put(usage.input) }
        if usage.cacheRead > 0 { self.put(usage.cacheRead) }
        if usage.output > 0 { self.put(usage.output) }
        if usage.reasoning > 0 { self.put(usage.reasoning) }
    }
}
