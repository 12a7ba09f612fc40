public import Domain

/// What the table knows of a project, an organization, a user or the static key: the limits that were set for it.
public struct EntityRow: Hashable, Sendable {
    public var limits: LimitSet
    /// By which its periods are counted; nil where it has no time zone of its own. Projects alone have one.
    public var timeZone: TimeZoneRules?

    public init(limits: LimitSet = LimitSet(), timeZone: TimeZoneRules? = nil) {
        self.limits = limits
        self.timeZone = timeZone
    }

    /// Whether it says nothing, so that it need not be in the table.
    public var isEmpty: Bool { self.limits.isEmpty && self.timeZone == nil }

    /// Its key in the table, which no digest can be: those have 32 bytes. The scope, and the 16 bytes of the id.
    static func key(_ scope: LimitScope, _ id: EntityID) -> [UInt8] {
        var key = [scope.rawValue]
        key.append(id)
        return key
    }

    static let keySize = 17
}

// The bytes: version (1), flags (bit 0: a time zone), the mask of the limits (2), the limits, then the time zone: bytes of its
// name (1), the name, its initial offset (4), how many transitions (2), and each: at (8), offset (4). Big-endian.
extension EntityRow {
    static let version = UInt8(SharedFormats.entityRow)
    private static let zone: UInt8 = 1 << 0
    /// No place is further from UTC, in seconds.
    private static let offsets: ClosedRange<Int32> = -86_400...86_400

    /// The row as the table holds it. A zone's name is cut at 255 bytes, its transitions at `maximumTransitions`.
    public var encoded: [UInt8] {
        var bytes = [Self.version, self.timeZone == nil ? 0 : Self.zone]
        bytes.append(bigEndian: self.limits.mask)
        self.limits.append(to: &bytes)
        guard let zone = self.timeZone else { return bytes }
        let name = zone.name.utf8.prefix(255)
        bytes.append(UInt8(name.count))
        bytes.append(contentsOf: name)
        bytes.append(bigEndian: zone.initialOffset)
        let transitions = zone.transitions.prefix(TimeZoneRules.maximumTransitions)
        bytes.append(bigEndian: UInt16(transitions.count))
        for transition in transitions {
            bytes.append(bigEndian: transition.at)
            bytes.append(bigEndian: transition.offset)
        }
        return bytes
    }

    /// Reads a row; nil for anything `encoded` does not make of rules that are possible.
    public init?(decoding bytes: UnsafeRawBufferPointer) {
        var reader = unsafe RowReader(bytes)
        let version = reader.next(UInt8.self)
        let flags = reader.next(UInt8.self)
        let mask = reader.next(UInt16.self)
        guard version == Self.version, flags & ~Self.zone == 0, LimitSet.isMask(mask),
            let limits = LimitSet(mask: mask, from: &reader)
        else { return nil }
        self.limits = limits
        self.timeZone = nil
        if flags & Self.zone != 0 {
            guard let zone = Self.timeZone(from: &reader) else { return nil }
            self.timeZone = zone
        }
        guard reader.isAtEnd else { return nil }
    }

    private static func timeZone(from reader: inout RowReader) -> TimeZoneRules? {
        let length = Int(reader.next(UInt8.self))
        guard let name = String(validating: reader.next(count: length), as: UTF8.self) else { return nil }
        let initialOffset = reader.next(Int32.self)
        let count = Int(reader.next(UInt16.self))
        guard count <= TimeZoneRules.maximumTransitions, reader.remaining == count * 12,
            Self.offsets.contains(initialOffset)
        else { return nil }
        var rules = TimeZoneRules(name: name, initialOffset: initialOffset)
        rules.transitions.reserveCapacity(count)
        for _ in 0..<count {
            let at = reader.next(Int64.self)
            let transition = TimeZoneRules.Transition(at: at, offset: reader.next(Int32.self))
            guard Self.offsets.contains(transition.offset), rules.transitions.last.map({ $0.at < at }) ?? true else {
                return nil
            }
            rules.transitions.append(transition)
        }
        return rules
    }
}
