import Domain

/// Reads the members of a record whose checksum was right. Strict all the same: bytes left over, a value no version of this
/// format writes, or a text longer than its member may be make the record malformed. Never traps, never reads outside.
/// Texts are lent, not copied.
@safe struct RecordDecoder {
    /// The bytes are no record of their kind.
    struct Malformed: Error {}

    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    /// `bytes` stay valid for as long as this value is used.
    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = unsafe bytes
    }

    @inline(__always)
    mutating func take<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(Malformed) -> T {
        let size = MemoryLayout<T>.size
        guard unsafe self.bytes.count - self.offset >= size else { throw Malformed() }
        let value = unsafe T(littleEndian: self.bytes.loadUnaligned(fromByteOffset: self.offset, as: T.self))
        self.offset += size
        return value
    }

    /// One byte that is a case of `type`.
    @inline(__always)
    mutating func take<E: RawRepresentable>(_ type: E.Type) throws(Malformed) -> E where E.RawValue == UInt8 {
        guard let value = E(rawValue: try self.take(UInt8.self)) else { throw Malformed() }
        return value
    }

    mutating func takeRecordID() throws(Malformed) -> RecordID {
        RecordID(high: try self.take(), low: try self.take())
    }

    mutating func takeEntityID() throws(Malformed) -> EntityID {
        EntityID(high: try self.take(), low: try self.take())
    }

    @inline(__always)
    mutating func takeText(_ maximum: Int) throws(Malformed) -> LentText {
        let count = Int(try self.take(UInt16.self))
        guard count <= maximum else { throw Malformed() }
        return try self.takeBytes(count)
    }

    @inline(__always)
    mutating func takeBytes(_ count: Int) throws(Malformed) -> LentText {
        guard count >= 0, unsafe self.bytes.count - self.offset >= count else { throw Malformed() }
        let taken = unsafe LentText(UnsafeRawBufferPointer(rebasing: self.bytes[self.offset..<self.offset + count]))
        self.offset += count
        return taken
    }

    mutating func takeFlag() throws(Malformed) -> Bool {
        let value = try self.take(UInt8.self)
        guard value <= 1 else { throw Malformed() }
        return value == 1
    }

    mutating func takeCost() throws(Malformed) -> Int64? {
        try self.takeFlag() ? try self.take(Int64.self) : nil
    }

    mutating func takeUsage() throws(Malformed) -> TokenUsage {
        try self.takeCounts(of: try self.take(UInt16.self))
    }

    /// The tokens, and the service and the units of a call that has them.
    mutating func takeUsageAndExtras() throws(Malformed) -> (TokenUsage, ServiceTier, CallUnits?) {
        let present = try self.take(UInt16.self)
        let usage = try self.takeCounts(of: present & ~TokenUsage.extrasBit)
        guard present & TokenUsage.extrasBit != 0 else { return (usage, .standard, nil) }
        let service = try self.take(ServiceTier.self)
        let classes = try self.take(UInt16.self)
        guard classes >> UInt16(UnitClass.allCases.count) == 0, classes & 1 << UInt16(UnitClass.request.rawValue) == 0
        else { throw Malformed() }
        guard classes != 0 else {
            guard service != .standard else { throw Malformed() }
            return (usage, service, nil)
        }
        var units = CallUnits()
        for unitClass in UnitClass.allCases where classes & 1 << UInt16(unitClass.rawValue) != 0 {
            units[unitClass] = try self.takeCount()
        }
        return (usage, service, units)
    }

    private mutating func takeCounts(of present: UInt16) throws(Malformed) -> TokenUsage {
        guard present >> UInt16(TokenClass.allCases.count) == 0 else { throw Malformed() }
        var usage = TokenUsage()
        guard present & TokenUsage.rareBits == 0 else {
            for tokenClass in TokenClass.allCases where present & 1 << UInt16(tokenClass.rawValue) != 0 {
                usage[tokenClass] = try self.takeCount()
            }
            return usage
        }
        if present & 1 << 0 != 0 { usage.input = try self.takeCount() }
        if present & 1 << 1 != 0 { usage.cacheRead = try self.takeCount() }
        if present & 1 << 4 != 0 { usage.output = try self.takeCount() }
        if present & 1 << 5 != 0 { usage.reasoning = try self.takeCount() }
        return usage
    }

    @inline(__always)
    private mutating func takeCount() throws(Malformed) -> Int64 {
        let count = try self.take(Int64.self)
        guard count > 0 else { throw Malformed() }
        return count
    }

    /// Nothing may be left.
    func finish() throws(Malformed) {
        guard unsafe self.offset == self.bytes.count else { throw Malformed() }
    }
}
