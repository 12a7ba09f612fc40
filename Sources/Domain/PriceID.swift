/// The id of a price: FNV-1a over its content.
///
/// A price of one tier at most, without the classes, units and services that came later, has the id it had before there were
/// such: what is new is mixed behind it, and only where it is there.
enum PriceID {
    static func of(_ standard: PriceList, _ services: [ServiceTier: PriceList]) -> UInt64 {
        var hash = Hash()
        let first = standard.tiers.first
        for rates in [standard.rates, first?.rates] {
            guard let rates else { continue }
            for tokenClass in Self.classes { hash.mix(rates[own: tokenClass]) }
        }
        hash.mix(first?.above)
        self.mixLater(standard.rates, &hash)
        for (place, tier) in standard.tiers.enumerated() {
            if place > 0 { self.mix(tier, &hash) }
            self.mixLater(tier.rates, &hash)
        }
        for service in ServiceTier.allCases {
            guard let list = services[service] else { continue }
            hash.mix(Int64(service.rawValue), tag: 1)
            for tokenClass in Self.classes { hash.mix(list.rates[own: tokenClass]) }
            self.mixLater(list.rates, &hash)
            for tier in list.tiers {
                self.mix(tier, &hash)
                self.mixLater(tier.rates, &hash)
            }
        }
        return hash.value == 0 ? 1 : hash.value
    }

    /// Those of the first version, in its order.
    private static let classes: [TokenClass] = [
        .input, .output, .cacheRead, .cacheWrite, .cacheWriteHour, .reasoning, .audioInput, .audioOutput, .image,
    ]
    private static let laterClasses = TokenClass.allCases.filter { !Self.classes.contains($0) }

    private static func mix(_ tier: PromptTier, _ hash: inout Hash) {
        hash.mix(tier.above, tag: 2)
        for tokenClass in Self.classes { hash.mix(tier.rates[own: tokenClass]) }
    }

    private static func mixLater(_ rates: Price.Rates, _ hash: inout Hash) {
        for tokenClass in Self.laterClasses {
            if let rate = rates[own: tokenClass] { hash.mix(rate, tag: 0x100 + UInt64(tokenClass.rawValue)) }
        }
        for unitClass in UnitClass.allCases {
            if let rate = rates.units[unitClass] { hash.mix(rate, tag: 0x200 + UInt64(unitClass.rawValue)) }
        }
        // Where one list ends and the next begins matters only where a list has something of this.
        let hasLater = !rates.units.isEmpty || Self.laterClasses.contains { rates[own: $0] != nil }
        if hasLater { hash.mix(0, tag: 3) }
    }

    private struct Hash {
        private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

        mutating func mix(_ value: Int64?) {
            self.step(value == nil ? 0 : 1)
            self.mixBytes(UInt64(bitPattern: value ?? 0))
        }

        /// What older versions did not have: no value of theirs begins like this.
        mutating func mix(_ value: Int64, tag: UInt64) {
            self.step(2)
            self.mixBytes(tag)
            self.mixBytes(UInt64(bitPattern: value))
        }

        private mutating func mixBytes(_ number: UInt64) {
            var rest = number
            for _ in 0..<8 {
                self.step(rest & 0xFF)
                rest >>= 8
            }
        }

        private mutating func step(_ byte: UInt64) {
            self.value = (self.value ^ byte) &* 0x100_0000_01B3
        }
    }
}
