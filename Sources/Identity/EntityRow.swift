public import Domain

/// What the table knows of a project, an organization, a user or the static key: the limits that were set for it, and of a
/// project its share where requests wait and the models it may use.
public struct EntityRow: Hashable, Sendable {
    public var limits: LimitSet
    /// By which its periods are counted; nil where it has no time zone of its own. Projects alone have one.
    public var timeZone: TimeZoneRules?
    /// Its share of a provider that has less room than there are requests, against the other projects': 1 to 1,000.
    public var weight: UInt16
    /// The models it may use, each as in `ModelPattern`; all where it is empty.
    public var models: [[UInt8]]

    public init(
        limits: LimitSet = LimitSet(), timeZone: TimeZoneRules? = nil, weight: UInt16 = 1, models: [[UInt8]] = []
    ) {
        self.limits = limits
        self.timeZone = timeZone
        self.weight = weight
        self.models = models
    }

    /// Weights there are.
    public static let weights: ClosedRange<UInt16> = 1...1000

    /// Whether it says nothing, so that it need not be in the table.
    public var isEmpty: Bool {
        self.limits.isEmpty && self.timeZone == nil && self.weight == 1 && self.models.isEmpty
    }

    /// Its key in the table, which no digest can be: those have 32 bytes. The scope, and the 16 bytes of the id.
    static func key(_ scope: LimitScope, _ id: EntityID) -> [UInt8] {
        var key = [scope.rawValue]
        key.append(id)
        return key
    }

    static let keySize = 17
}

// The bytes: version (2), flags (bit 0: a time zone, bit 1: a weight other than 1, bit 2: a list of models), the mask of the
// limits (2), the limits, then the time zone: bytes of its name (1), the name, its initial offset (4), how many transitions
// (2), and each: at (8), offset (4); then the weight (2), then the list of models. Big-endian.
//
// Version 1 has no weight and no list. Such rows are read as long as they are there.
extension EntityRow {
    static let version = UInt8(SharedFormats.entityRow)
    private static let zone: UInt8 = 1 << 0
    private static let weight: UInt8 = 1 << 1
    private static let models: UInt8 = 1 << 2
    private static let knownFlags = zone | weight | models
    /// No place is further from UTC, in seconds.
    private static let offsets: ClosedRange<Int32> = -86_400...86_400

    /// The row as the table holds it. A zone's name is cut at 255 bytes, its transitions at `maximumTransitions`.
    public var encoded: [UInt8] {
        var flags: UInt8 = self.timeZone == nil ? 0 : Self.zone
        if self.weight != 1 { flags |= Self.weight }
        if !self.models.isEmpty { flags |= Self.models }
        var bytes = [Self.version, flags]
        bytes.append(bigEndian: self.limits.mask)
        self.limits.append(to: &bytes)
        if let zone = self.timeZone { Self.append(zone, to: &bytes) }
        if self.weight != 1 { bytes.append(bigEndian: self.weight) }
        if !self.models.isEmpty { bytes.append(models: self.models) }
        return bytes
    }

    private static func append(_ zone: TimeZoneRules, to bytes: inout [UInt8]) {
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
    }

    /// Reads a row; nil for anything `encoded` does not make, or did not make as version 1, of what is possible.
    public init?(decoding bytes: UnsafeRawBufferPointer) {
        var reader = unsafe RowReader(bytes)
        let version = reader.next(UInt8.self)
        let flags = reader.next(UInt8.self)
        let mask = reader.next(UInt16.self)
        guard version == Self.version && flags & ~Self.knownFlags == 0 || version == 1 && flags & ~Self.zone == 0,
            LimitSet.isMask(mask)
        else { return nil }
        self.init()
        guard self.limits.read(mask: mask, from: &reader) else { return nil }
        if flags & Self.zone != 0 {
            guard let zone = Self.timeZone(from: &reader) else { return nil }
            self.timeZone = zone
        }
        if flags & Self.weight != 0 {
            let weight = reader.next(UInt16.self)
            guard weight != 1, Self.weights.contains(weight) else { return nil }
            self.weight = weight
        }
        if flags & Self.models != 0 {
            guard let models = reader.nextModels() else { return nil }
            self.models = models
        }
        guard reader.isAtEnd else { return nil }
    }

    private static func timeZone(from reader: inout RowReader) -> TimeZoneRules? {
        let length = Int(reader.next(UInt8.self))
        guard let name = String(validating: reader.next(count: length), as: UTF8.self) else { return nil }
        let initialOffset = reader.next(Int32.self)
        let count = Int(reader.next(UInt16.self))
        guard count <= TimeZoneRules.maximumTransitions, reader.remaining >= count * 12,
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
