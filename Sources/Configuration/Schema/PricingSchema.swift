import Domain

/// Reads `pricing`: what models cost, in USD per million tokens of each class, or for each unit; at other services, and for long
/// prompts.
struct PricingSchema {
    let problems: ProblemSink
    /// Names of all providers, also of those that have problems of their own.
    let providers: [String]

    func read(_ reader: MappingReader) -> [ModelPrice] {
        reader.entries.compactMap { entry in
            self.problems.defined(entry, .price)
            return self.price(entry)
        }
    }

    func price(_ entry: DocumentEntry) -> ModelPrice? {
        let target = self.target(entry)
        if case .null = entry.value.content {
            self.problems.problem(
                at: entry.position, path: entry.value.path, "expected a price, such as {input: 0.15, output: 0.60}")
            return nil
        }
        var reader = MappingReader(entry.value, problems: self.problems)
        let list = self.list(&reader, at: entry.position)
        let services = self.services(&reader)
        reader.finish()
        guard let target, let list else { return nil }
        return ModelPrice(
            provider: target.provider, model: target.model == "*" ? nil : target.model,
            price: Price(list, services: services))
    }

    // MARK: Lists of rates

    /// More than anybody sells.
    private static let maximumTiers = 64

    private func services(_ reader: inout MappingReader) -> [ServiceTier: PriceList] {
        var mapping = reader.mapping("services")
        var services: [ServiceTier: PriceList] = [:]
        for service in ServiceTier.allCases where service != .standard {
            guard let entry = mapping.entry(service.label) else { continue }
            var reader = MappingReader(entry.value, problems: self.problems)
            services[service] = self.list(&reader, at: entry.position)
            reader.finish()
        }
        mapping.finish()
        return services
    }

    private func list(_ reader: inout MappingReader, at position: DocumentPosition) -> PriceList? {
        let rates = self.rates(&reader, at: position)
        var tiers: [PromptTier] = []
        for node in reader.list("tiers", of: "rates for long prompts") ?? [] {
            guard tiers.count < Self.maximumTiers else {
                self.problems.problem(node, "expected at most \(Self.maximumTiers) tiers")
                break
            }
            if let tier = self.tier(node, tiers) { tiers.append(tier) }
        }
        return rates.map { PriceList($0, tiers: tiers) }
    }

    private func tier(_ node: DocumentNode, _ others: [PromptTier]) -> PromptTier? {
        var reader = MappingReader(node, problems: self.problems)
        let above = reader.value("above", ScalarParser.integer(1...1_000_000_000))
        let rates = self.rates(&reader, at: node.position)
        reader.finish()
        if reader.lacks("above") {
            self.problems.problem(
                at: node.position, path: "\(node.path).above",
                "missing; the rates hold for prompts of more tokens than that")
        }
        guard let above, let rates else { return nil }
        guard !others.contains(where: { $0.above == Int64(above) }) else {
            self.problems.problem(node, "there are other rates above \(above) already")
            return nil
        }
        return PromptTier(above: Int64(above), rates: rates)
    }

    private func rates(_ reader: inout MappingReader, at position: DocumentPosition) -> Price.Rates? {
        var rates = Price.Rates(input: 0, output: 0)
        var isWhole = true
        for tokenClass in TokenClass.allCases {
            let rate = reader.value(tokenClass.label) { scalar throws(ValueError) in try DollarText.parse(scalar.text) }
            rates[own: tokenClass] = rate
            guard rate == nil, tokenClass == .input || tokenClass == .output else { continue }
            isWhole = false
            guard reader.lacks(tokenClass.label) else { continue }
            self.problems.problem(
                at: position, path: "\(reader.path).\(tokenClass.label)",
                "missing; what costs nothing has the price 0")
        }
        for unitClass in UnitClass.allCases {
            rates.units[unitClass] = reader.value(unitClass.rateLabel) { scalar throws(ValueError) in
                try DollarText.parse(scalar.text, .units)
            }
        }
        return isWhole ? rates : nil
    }

    private func target(_ entry: DocumentEntry) -> ModelTarget? {
        do throws(ValueError) {
            let target = try ModelTarget(entry.key)
            guard self.providers.contains(target.provider) else {
                throw ProviderSchema.unknownProvider(target.provider, names: self.providers)
            }
            return target
        } catch {
            self.problems.problem(at: entry.position, path: entry.value.path, error.message)
            return nil
        }
    }
}
