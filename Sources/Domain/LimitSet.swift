/// The limits somebody has: each kind once or not at all. No value is negative; cost is nano-USD.
public struct LimitSet: Hashable, Sendable {
    /// Says "not limited" where a default would limit.
    public static let unlimited = Int64.max

    /// Bit `kind.rawValue` is set where there is a limit of that kind.
    public private(set) var mask: UInt16 = 0
    @usableFromInline var values = InlineArray<14, Int64>(repeating: 0)

    /// No limit at all.
    public init() {}

    public init(_ limits: [LimitKind: Int64]) {
        for (kind, value) in limits { self[kind] = value }
    }

    public var isEmpty: Bool { self.mask == 0 }

    /// The limit of a kind; nil where there is none. A negative one counts as 0.
    public subscript(_ kind: LimitKind) -> Int64? {
        // Where the kind is known this is one load; where it is not, all values are copied to find it.
        @inlinable @inline(__always)
        get { self.mask & (1 << UInt16(kind.rawValue)) == 0 ? nil : self.values[Int(kind.rawValue)] }
        set {
            self.mask &= ~(1 << UInt16(kind.rawValue))
            self.values[Int(kind.rawValue)] = max(0, newValue ?? 0)
            if newValue != nil { self.mask |= 1 << UInt16(kind.rawValue) }
        }
    }

    /// These limits, and those of `defaults` for the kinds that are not here.
    public func filled(from defaults: LimitSet) -> LimitSet {
        guard defaults.mask & ~self.mask != 0 else { return self }
        var filled = self
        for kind in LimitKind.allCases where self[kind] == nil { filled[kind] = defaults[kind] }
        return filled
    }

    public static func == (one: LimitSet, other: LimitSet) -> Bool {
        guard one.mask == other.mask else { return false }
        for index in one.values.indices where one.values[index] != other.values[index] { return false }
        return true
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.mask)
        for index in self.values.indices { hasher.combine(self.values[index]) }
    }
}
