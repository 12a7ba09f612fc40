import Domain

extension RouteTable {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let providers = try reader.readList(minimumSize: 4) { (reader) throws(WireReader.Malformed) in
            try reader.readString(limit: 256)
        }
        let policies = try RoutePolicy.list(from: &reader)
        let aliases = try reader.readList(minimumSize: 13) { (reader) throws(WireReader.Malformed) in
            try Alias(from: &reader, providers: providers.count, policies: policies.count)
        }
        let defaultProvider = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.read(UInt16.self)
        }
        guard defaultProvider.map({ Int($0) < providers.count }) ?? true else { throw WireReader.Malformed() }
        let models = try reader.readList(minimumSize: 7) { (reader) throws(WireReader.Malformed) in
            let provider: UInt16 = try reader.read()
            guard Int(provider) < providers.count else { throw WireReader.Malformed() }
            let name = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                try reader.readBytes(limit: 1024)
            }
            return Model(provider: provider, name: name, facts: try ModelFacts(from: &reader))
        }
        self.init(
            providers: providers, aliases: aliases, defaultProvider: defaultProvider, models: models,
            policies: policies)
    }

    /// Every price the table refers to.
    var priceIndexes: [UInt32] {
        let routed = self.aliases.compactMap(\.route).flatMap { $0.fast + $0.deep }
        let choices = self.aliases.flatMap(\.choices) + routed
        return choices.compactMap(\.target.price) + self.models.compactMap(\.facts.price)
    }

    func write(to writer: inout WireWriter) {
        writer.write(list: self.providers) { $0.write($1) }
        writer.write(list: self.policies) { $1.write(to: &$0) }
        writer.write(list: self.aliases) { $1.write(to: &$0) }
        writer.write(optional: self.defaultProvider) { $0.write($1) }
        writer.write(list: self.models) {
            $0.write($1.provider)
            $0.write(optional: $1.name) { $0.write($1) }
            $1.facts.write(to: &$0)
        }
    }
}

extension RouteTable.Alias {
    init(from reader: inout WireReader, providers: Int, policies: Int) throws(WireReader.Malformed) {
        let name = try reader.readBytes(limit: 1024)
        let choices = try RouteTable.Choice.list(from: &reader, providers: providers)
        let policy: UInt16 = try reader.read()
        guard Int(policy) < policies, let sticky = RouteTable.Sticky(rawValue: try reader.read()) else {
            throw WireReader.Malformed()
        }
        let tier = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            guard let tier = Tier(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            return tier
        }
        let route = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            let threshold: UInt32 = try reader.read()
            let header = try reader.readBytes(limit: 256)
            let fast = try RouteTable.Choice.list(from: &reader, providers: providers)
            return RouteTable.TierRoute(
                threshold: threshold, header: header, fast: fast,
                deep: try RouteTable.Choice.list(from: &reader, providers: providers))
        }
        self.init(name: name, choices: choices, policy: policy, sticky: sticky, tier: tier, route: route)
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.name)
        writer.write(list: self.choices) { $1.write(to: &$0) }
        writer.write(self.policy)
        writer.write(self.sticky.rawValue)
        writer.write(optional: self.tier) { $0.write($1.rawValue) }
        writer.write(optional: self.route) { writer, route in
            writer.write(route.threshold)
            writer.write(route.header)
            writer.write(list: route.fast) { $1.write(to: &$0) }
            writer.write(list: route.deep) { $1.write(to: &$0) }
        }
    }
}

extension RouteTable.Choice {
    static func list(from reader: inout WireReader, providers: Int) throws(WireReader.Malformed) -> [Self] {
        try reader.readList(minimumSize: 11) { (reader) throws(WireReader.Malformed) in
            let provider: UInt16 = try reader.read()
            guard Int(provider) < providers else { throw WireReader.Malformed() }
            let model = try reader.readBytes(limit: 1024)
            let price = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                try reader.read(UInt32.self)
            }
            return Self(Target(provider: provider, model: model, price: price), weight: try reader.read())
        }
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.target.provider)
        writer.write(self.target.model)
        writer.write(optional: self.target.price) { $0.write($1) }
        writer.write(self.weight)
    }
}
