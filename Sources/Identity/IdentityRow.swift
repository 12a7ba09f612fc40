public import Domain

/// What the table knows of a key: whom its requests are charged to, whether it is good, what it may use.
public struct IdentityRow: Hashable, Sendable {
    public var principal: Principal
    /// False for a key that is switched off.
    public var isEnabled: Bool
    /// Milliseconds since 1970 from which on the key is no longer good; nil when it does not expire.
    public var expires: UInt64?
    /// The key's own; the configuration's defaults stand in for what is not here.
    public var limits: LimitSet
    /// The models the key may use, each as in `ModelPattern`; all where it is empty.
    public var models: [[UInt8]]

    public init(
        principal: Principal, isEnabled: Bool = true, expires: UInt64? = nil, limits: LimitSet = LimitSet(),
        models: [[UInt8]] = []
    ) {
        self.principal = principal
        self.isEnabled = isEnabled
        self.expires = expires
        self.limits = limits
        self.models = models
    }

    /// Whether a request with this key is accepted at `now`, in milliseconds since 1970.
    public func isGood(at now: UInt64) -> Bool {
        guard self.isEnabled else { return false }
        guard let expires = self.expires else { return true }
        return now < expires
    }
}

// The bytes: version (3), flags, the mask of the limits (2), organization, project, key (16 each), then what the flags say, in
// their order: user (16), expires (8), then the limits, then the list of models. Numbers are big-endian. 52 to 188 bytes, and
// those of the list.
//
// Version 2 has no list. Version 1 has no mask either: its flags say which of five limits follow. Such rows are read as long
// as they are there.
extension IdentityRow {
    static let version = UInt8(SharedFormats.identityRow)
    private static let enabled: UInt8 = 1 << 0
    private static let user: UInt8 = 1 << 1
    private static let expires: UInt8 = 1 << 2
    private static let models: UInt8 = 1 << 3
    /// The flags of version 2.
    private static let secondFlags = enabled | user | expires
    private static let knownFlags = secondFlags | models
    /// The limits of version 1, in the order of their flags from bit 3 up.
    private static let firstLimits: InlineArray<5, LimitKind> = [
        .requestsPerMinute, .tokensPerMinute, .concurrency, .monthlyCost, .monthlyTokens,
    ]

    /// The row as the table holds it.
    public var encoded: [UInt8] {
        var flags: UInt8 = self.isEnabled ? Self.enabled : 0
        if self.principal.user != nil { flags |= Self.user }
        if self.expires != nil { flags |= Self.expires }
        if !self.models.isEmpty { flags |= Self.models }
        var bytes = [Self.version, flags]
        bytes.append(bigEndian: self.limits.mask)
        bytes.append(self.principal.organization)
        bytes.append(self.principal.project)
        bytes.append(self.principal.key)
        if let user = self.principal.user { bytes.append(user) }
        if let expires = self.expires { bytes.append(bigEndian: expires) }
        self.limits.append(to: &bytes)
        if !self.models.isEmpty { bytes.append(models: self.models) }
        return bytes
    }

    /// Reads a row to where one is already: it is large, and moving it about takes longer than reading it. False for anything `encoded` does
    /// not make, or did not make as version 1 or 2; what is here then means nothing. Allocates nothing where there is no list of models.
    mutating func read(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var reader = unsafe RowReader(bytes)
        let version = reader.next(UInt8.self)
        let flags = reader.next(UInt8.self)
        var mask: UInt16 = 0
        switch version {
        case 1: break
        case 2, Self.version:
            mask = reader.next(UInt16.self)
            let known = version == 2 ? Self.secondFlags : Self.knownFlags
            guard flags & ~known == 0, LimitSet.isMask(mask) else { return false }
        default: return false
        }
        self.principal.organization = reader.nextID()
        self.principal.project = reader.nextID()
        self.principal.key = reader.nextID()
        self.principal.user = flags & Self.user != 0 ? reader.nextID() : nil
        self.isEnabled = flags & Self.enabled != 0
        self.expires = flags & Self.expires != 0 ? reader.next(UInt64.self) : nil
        self.limits = LimitSet()
        guard self.limits.read(mask: mask, from: &reader) else { return false }
        self.models = []
        if version == 1 {
            for index in Self.firstLimits.indices where flags & (1 << 3) << UInt8(index) != 0 {
                guard let value = Int64(exactly: reader.next(UInt64.self)) else { return false }
                self.limits[Self.firstLimits[index]] = value
            }
        } else if flags & Self.models != 0 {
            guard let models = reader.nextModels() else { return false }
            self.models = models
        }
        return reader.isAtEnd
    }
}
