import Domain

/// Reads the members of a record whose checksum was right. Strict all the same: bytes left over, a value no version of this
/// format writes, or a text longer than its member may be make the record malformed. Never traps, never reads outside.
/// Texts are lent, not copied.
///
/// What is malformed is known at the end: `isWhole`. Until then every member has a value, which means nothing behind the first wrong one.
@safe struct RecordDecoder {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    private var isMalformed = false

    /// `bytes` stay valid for as long as this value is used.
    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = unsafe bytes
    }

    /// Everything was as it must be, and nothing is left.
    var isWhole: Bool { unsafe !self.isMalformed && self.offset == self.bytes.count }

    /// The bytes are no record of their kind: nothing of what is left is taken for anything.
    @inline(never)
    mutating func refuse() {
        self.isMalformed = true
        unsafe self.offset = self.bytes.count
    }

    @inline(always)
    mutating func take<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T {
        let size = MemoryLayout<T>.size
        guard unsafe self.bytes.count - self.offset >= size else {
            self.refuse()
            return 0
        }
        let value = unsafe T(littleEndian: self.bytes.loadUnaligned(fromByteOffset: self.offset, as: T.self))
        self.offset += size
        return value
    }

    /// One byte that is a case of the type of `other`, which is returned where it is none.
    @inline(always)
    mutating func take<E: RawRepresentable>(or other: E) -> E where E.RawValue == UInt8 {
        guard let value = E(rawValue: self.take(UInt8.self)) else {
            self.refuse()
            return other
        }
        return value
    }

    @inline(always)
    mutating func takeRecordID() -> RecordID { RecordID(high: self.take(), low: self.take()) }

    @inline(always)
    mutating func takeEntityID() -> EntityID { EntityID(high: self.take(), low: self.take()) }

    @inline(always)
    mutating func takeText(_ maximum: Int) -> LentText {
        let count = Int(self.take(UInt16.self))
        return self.takeBytes(count <= maximum ? count : -1)
    }

    /// A negative count is malformed.
    @inline(always)
    mutating func takeBytes(_ count: Int) -> LentText {
        guard count >= 0, unsafe self.bytes.count - self.offset >= count else {
            self.refuse()
            return unsafe LentText(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        let taken = unsafe LentText(UnsafeRawBufferPointer(rebasing: self.bytes[self.offset..<self.offset + count]))
        self.offset += count
        return taken
    }

    mutating func takeFlag() -> Bool {
        let value = self.take(UInt8.self)
        if value > 1 { self.refuse() }
        return value == 1
    }

    mutating func takeCost() -> Int64? { self.takeFlag() ? self.take(Int64.self) : nil }

    mutating func takeUsage() -> TokenUsage { self.takeCounts(of: self.take(UInt16.self)) }

    /// The tokens, and the service and the units of a call that has them.
    mutating func takeUsageAndExtras() -> (TokenUsage, ServiceTier, CallUnits?) {
        let present = self.take(UInt16.self)
        let usage = self.takeCounts(of: present & ~TokenUsage.extrasBit)
        guard present & TokenUsage.extrasBit != 0 else { return (usage, .standard, nil) }
        let service = self.take(or: ServiceTier.standard)
        let classes = self.take(UInt16.self)
        guard classes >> UInt16(UnitClass.allCases.count) == 0, classes & 1 << UInt16(UnitClass.request.rawValue) == 0,
            classes != 0 || service != .standard
        else {
            self.refuse()
            return (usage, .standard, nil)
        }
        guard classes != 0 else { return (usage, service, nil) }
        var units = CallUnits()
        for unitClass in UnitClass.allCases where classes & 1 << UInt16(unitClass.rawValue) != 0 {
            units[unitClass] = self.takeCount()
        }
        return (usage, service, units)
    }

    private mutating func takeCounts(of present: UInt16) -> TokenUsage {
        var usage = TokenUsage()
        guard present >> UInt16(TokenClass.allCases.count) == 0 else {
            self.refuse()
            return usage
        }
        guard present & TokenUsage.rareBits == 0 else {
            for tokenClass in TokenClass.allCases where present & 1 << UInt16(tokenClass.rawValue) != 0 {
                usage[tokenClass] = self.takeCount()
            }
            return usage
        }
        if present & 1 << 0 != 0 { usage.input = self.takeCount() }
        if present & 1 << 1 != 0 { usage.cacheRead = self.takeCount() }
        if present & 1 << 4 != 0 { usage.output = self.takeCount() }
        if present & 1 << 5 != 0 { usage.reasoning = self.takeCount() }
        return usage
    }

    @inline(always)
    private mutating func takeCount() -> Int64 {
        let count = self.take(Int64.self)
        if count <= 0 { self.refuse() }
        return max(0, count)
    }
}
