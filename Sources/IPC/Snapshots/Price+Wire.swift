import Domain

/// The standard list, then those of other services with their service before them.
extension Price {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let standard = try PriceList(from: &reader)
        var services: [ServiceTier: PriceList] = [:]
        let lists = try reader.readList(minimumSize: 25) { (reader) throws(WireReader.Malformed) in
            guard let service = ServiceTier(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            return (service, try PriceList(from: &reader))
        }
        for (service, list) in lists {
            guard service != .standard, services.updateValue(list, forKey: service) == nil else {
                throw WireReader.Malformed()
            }
        }
        self.init(standard, services: services)
    }

    func write(to writer: inout WireWriter) {
        PriceList(self.rates, tiers: self.tiers).write(to: &writer)
        let services = self.services
        writer.write(list: ServiceTier.allCases.filter { services[$0] != nil }) { writer, service in
            writer.write(service.rawValue)
            services[service]?.write(to: &writer)
        }
    }
}

extension PriceList {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let rates = try Price.Rates(from: &reader)
        let tiers = try reader.readList(minimumSize: 28) { (reader) throws(WireReader.Malformed) in
            let above: Int64 = try reader.read()
            return PromptTier(above: above, rates: try Price.Rates(from: &reader))
        }
        self.init(rates, tiers: tiers)
    }

    func write(to writer: inout WireWriter) {
        self.rates.write(to: &writer)
        writer.write(list: self.tiers) {
            $0.write($1.above)
            $1.rates.write(to: &$0)
        }
    }
}

/// A 16-bit set of the classes of tokens that have a rate of their own and one of the units, then their rates in the order of
/// the classes. Input and output always have one.
extension Price.Rates {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let tokens: UInt16 = try reader.read()
        let units: UInt16 = try reader.read()
        guard tokens >> UInt16(TokenClass.allCases.count) == 0, units >> UInt16(UnitClass.allCases.count) == 0,
            tokens & Self.required == Self.required
        else { throw WireReader.Malformed() }
        self.init(input: 0, output: 0)
        for tokenClass in TokenClass.allCases where tokens & 1 << UInt16(tokenClass.rawValue) != 0 {
            self[own: tokenClass] = try reader.read(Int64.self)
        }
        for unitClass in UnitClass.allCases where units & 1 << UInt16(unitClass.rawValue) != 0 {
            self.units[unitClass] = try reader.read(Int64.self)
        }
    }

    func write(to writer: inout WireWriter) {
        let tokens = TokenClass.allCases.filter { self[own: $0] != nil }
        let units = UnitClass.allCases.filter { self.units[$0] != nil }
        writer.write(tokens.reduce(UInt16(0)) { $0 | 1 << UInt16($1.rawValue) })
        writer.write(units.reduce(UInt16(0)) { $0 | 1 << UInt16($1.rawValue) })
        for tokenClass in tokens { writer.write(self[own: tokenClass] ?? 0) }
        for unitClass in units { writer.write(self.units[unitClass] ?? 0) }
    }

    private static let required: UInt16 =
        1 << UInt16(TokenClass.input.rawValue) | 1 << UInt16(TokenClass.output.rawValue)
}

extension JournalSettings {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let maxBytes: UInt64 = try reader.read()
        let isStrict = try reader.readBool()
        self.init(maxBytes: maxBytes, isStrict: isStrict, syncInterval: try reader.read())
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.maxBytes)
        writer.write(self.isStrict)
        writer.write(self.syncInterval)
    }
}

extension ModelFacts {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let number = { (reader: inout WireReader) throws(WireReader.Malformed) in try reader.read(UInt32.self) }
        let price = try reader.readOptional(number)
        let contextWindow = try reader.readOptional(number)
        let maximumOutput = try reader.readOptional(number)
        guard let member = OutputLimitMember(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.init(
            price: price, contextWindow: contextWindow, maximumOutput: maximumOutput, outputLimitMember: member)
    }

    func write(to writer: inout WireWriter) {
        writer.write(optional: self.price) { $0.write($1) }
        writer.write(optional: self.contextWindow) { $0.write($1) }
        writer.write(optional: self.maximumOutput) { $0.write($1) }
        writer.write(self.outputLimitMember.rawValue)
    }
}
