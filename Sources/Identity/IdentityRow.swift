public import Domain

/// What the table knows of a key: whom its requests are charged to, whether it is good, what it may use.
public struct IdentityRow: Hashable, Sendable {
    public var principal: Principal
    /// False for a key that is switched off.
    public var isEnabled: Bool
    /// Milliseconds since 1970 from which on the key is no longer good; nil when it does not expire.
    public var expires: UInt64?
    public var limits: KeyLimits

    public init(principal: Principal, isEnabled: Bool = true, expires: UInt64? = nil, limits: KeyLimits = KeyLimits()) {
        self.principal = principal
        self.isEnabled = isEnabled
        self.expires = expires
        self.limits = limits
    }

    /// Whether a request with this key is accepted at `now`, in milliseconds since 1970.
    public func isGood(at now: UInt64) -> Bool {
        guard self.isEnabled else { return false }
        guard let expires = self.expires else { return true }
        return now < expires
    }
}

// The bytes: version (1), flags, organization, project, key (16 each), then what the flags say, in their order: user (16),
// expires, and the limits (8 each). Numbers are big-endian. 50 to 114 bytes.
extension IdentityRow {
    static let version: UInt8 = 1
    private static let fixedSize = 2 + 3 * 16
    private static let enabled: UInt8 = 1 << 0
    private static let user: UInt8 = 1 << 1
    private static let expires: UInt8 = 1 << 2
    /// The five limits have the flags from here up.
    private static let firstLimit: UInt8 = 1 << 3

    /// The row as the table holds it.
    public var encoded: [UInt8] {
        var flags: UInt8 = self.isEnabled ? Self.enabled : 0
        var tail: [UInt8] = []
        func append(_ value: UInt64) {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                tail.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        func append(_ id: EntityID) {
            append(id.high)
            append(id.low)
        }
        append(self.principal.organization)
        append(self.principal.project)
        append(self.principal.key)
        if let user = self.principal.user {
            flags |= Self.user
            append(user)
        }
        if let expires = self.expires {
            flags |= Self.expires
            append(expires)
        }
        var flag = Self.firstLimit
        for limit in [
            self.limits.requestsPerMinute, self.limits.tokensPerMinute, self.limits.concurrency,
            self.limits.monthlyCost,
            self.limits.monthlyTokens,
        ] {
            if let limit {
                flags |= flag
                append(UInt64(max(0, limit)))
            }
            flag = flag &<< 1
        }
        return [Self.version, flags] + tail
    }

    /// Reads a row; nil for anything `encoded` does not make. Allocates nothing.
    public init?(decoding bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.fixedSize, unsafe bytes[0] == Self.version else { return nil }
        let flags = unsafe bytes[1]
        let optional = (flags & Self.user != 0 ? 16 : 0) + (flags >> 2).nonzeroBitCount * 8
        guard bytes.count == Self.fixedSize + optional else { return nil }
        var position = 2
        func next() -> UInt64 {
            // In bounds: the length has been checked against what the flags announce.
            let value = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
            return value
        }
        func nextID() -> EntityID {
            let high = next()
            return EntityID(high: high, low: next())
        }
        let organization = nextID()
        let project = nextID()
        let key = nextID()
        self.principal = Principal(
            organization: organization, project: project, key: key, user: flags & Self.user != 0 ? nextID() : nil)
        self.isEnabled = flags & Self.enabled != 0
        self.expires = flags & Self.expires != 0 ? next() : nil
        var isValid = true
        func nextLimit(_ index: UInt8) -> Int64? {
            guard flags & (Self.firstLimit &<< index) != 0 else { return nil }
            guard let limit = Int64(exactly: next()) else {
                isValid = false
                return nil
            }
            return limit
        }
        self.limits = KeyLimits()
        self.limits.requestsPerMinute = nextLimit(0)
        self.limits.tokensPerMinute = nextLimit(1)
        self.limits.concurrency = nextLimit(2)
        self.limits.monthlyCost = nextLimit(3)
        self.limits.monthlyTokens = nextLimit(4)
        guard isValid else { return nil }
    }
}
