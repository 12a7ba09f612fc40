import Domain

/// A price as bytes: the number of this form (1); the lists, each behind its service, the standard one first. A list is its rates, the number of
/// its tiers, and each of them: prompt tokens, then rates. Rates are a set of classes of tokens and one of units, then a number for each member.
/// Numbers are packed as `PackedReader` reads them.
extension Price {
    private static let form: UInt64 = 1
    /// More than anybody sells.
    private static let maximumTiers: UInt64 = 256

    var packed: [UInt8] {
        var writer = PackedWriter()
        writer.append(Self.form)
        let lists =
            [(ServiceTier.standard, PriceList(self.rates, tiers: self.tiers))]
            + ServiceTier.allCases.compactMap { service in self.services[service].map { (service, $0) } }
        writer.append(UInt64(lists.count))
        for (service, list) in lists {
            writer.append(UInt64(service.rawValue))
            writer.append(list.rates)
            writer.append(UInt64(list.tiers.count))
            for tier in list.tiers {
                writer.append(UInt64(bitPattern: tier.above))
                writer.append(tier.rates)
            }
        }
        return writer.bytes
    }

    /// Nil for what is no such text, as where there is none.
    init?(packed bytes: [UInt8]) {
        var reader = PackedReader(bytes)
        guard reader.next() == Self.form else { return nil }
        let count = reader.next()
        guard (1...UInt64(ServiceTier.allCases.count)).contains(count) else { return nil }
        var standard: PriceList?
        var services: [ServiceTier: PriceList] = [:]
        for place in 0..<count {
            guard let service = ServiceTier(rawValue: reader.nextByte()), (service == .standard) == (place == 0),
                services[service] == nil, let rates = Price.Rates(packed: &reader)
            else { return nil }
            var tiers: [PromptTier] = []
            let tierCount = reader.next()
            guard tierCount <= Self.maximumTiers else { return nil }
            for _ in 0..<tierCount {
                let above = reader.nextSigned()
                guard let rates = Price.Rates(packed: &reader) else { return nil }
                tiers.append(PromptTier(above: above, rates: rates))
            }
            let list = PriceList(rates, tiers: tiers)
            if service == .standard { standard = list } else { services[service] = list }
        }
        guard let standard, reader.rest.isEmpty else { return nil }
        self.init(standard, services: services)
    }
}

extension Price.Rates {
    fileprivate init?(packed reader: inout PackedReader) {
        let (tokens, units) = (reader.next(), reader.next())
        guard tokens >> UInt64(TokenClass.allCases.count) == 0, units >> UInt64(UnitClass.allCases.count) == 0 else {
            return nil
        }
        self.init(input: 0, output: 0)
        for tokenClass in TokenClass.allCases where tokens & 1 << UInt64(tokenClass.rawValue) != 0 {
            self[own: tokenClass] = reader.nextSigned()
        }
        for unitClass in UnitClass.allCases where units & 1 << UInt64(unitClass.rawValue) != 0 {
            self.units[unitClass] = reader.nextSigned()
        }
    }
}

extension PackedWriter {
    fileprivate mutating func append(_ rates: Price.Rates) {
        let tokens = TokenClass.allCases.filter { rates[own: $0] != nil }
        let units = UnitClass.allCases.filter { rates.units[$0] != nil }
        self.append(tokens.reduce(UInt64(0)) { $0 | 1 << UInt64($1.rawValue) })
        self.append(units.reduce(UInt64(0)) { $0 | 1 << UInt64($1.rawValue) })
        for tokenClass in tokens { self.append(UInt64(bitPattern: rates[own: tokenClass] ?? 0)) }
        for unitClass in units { self.append(UInt64(bitPattern: rates.units[unitClass] ?? 0)) }
    }
}
