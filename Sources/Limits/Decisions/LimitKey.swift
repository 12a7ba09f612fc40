public import Domain

/// The name of a slot of the limit table: 128 bits, of which at least one is set.
public struct LimitKey: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    private init(scope: LimitScope, _ high: UInt64, _ low: UInt64) {
        // What was random stays so, and small fixed ids of two scopes differ.
        self.high = high ^ UInt64(scope.rawValue) &* 0x9E37_79B9_7F4A_7C15
        self.low = low
    }

    /// A key, project, organization or user; `global` with any id.
    public init(_ scope: LimitScope, _ id: EntityID) {
        self.init(scope: scope, id.high, id.low)
    }

    /// The 64 bits of an address that are counted together, as `scope` counts them: the first ones of an IPv6 address, or what
    /// `counted(v4:)` says.
    public init(_ scope: LimitScope, address: UInt64) {
        self.init(scope: scope, address, 0)
    }

    /// What stands for an IPv4 address: with a mark that no IPv6 network begins with, as `::/8` is not given to anybody.
    public static func counted(v4 address: UInt32) -> UInt64 { 0xFFFF << 32 | UInt64(address) }

    /// A model by its name: FNV-1a, twice.
    public init(model: [UInt8]) {
        var high: UInt64 = 0xCBF2_9CE4_8422_2325
        var low: UInt64 = 0x8422_2325_CBF2_9CE4
        for byte in model {
            high = (high ^ UInt64(byte)) &* 0x100_0000_01B3
            low = (low ^ UInt64(byte)) &* 0x9FB2_1C65_1E98_DF25
        }
        self.init(scope: .model, high, low)
    }

    public static let global = LimitKey(.global, EntityID(high: 0, low: 1))
}
