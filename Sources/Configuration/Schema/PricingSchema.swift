import Domain

/// Reads `pricing`: what models cost, in USD per million tokens of each class.
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
        let parse: ScalarParser.Parse<Int64> = { scalar throws(ValueError) in try DollarText.parse(scalar.text) }
        let input = reader.value(TokenClass.input.label, parse)
        let output = reader.value(TokenClass.output.label, parse)
        let cacheRead = reader.value(TokenClass.cacheRead.label, parse)
        let cacheWrite = reader.value(TokenClass.cacheWrite.label, parse)
        let cacheWriteHour = reader.value(TokenClass.cacheWriteHour.label, parse)
        let reasoning = reader.value(TokenClass.reasoning.label, parse)
        let audioInput = reader.value(TokenClass.audioInput.label, parse)
        let audioOutput = reader.value(TokenClass.audioOutput.label, parse)
        let image = reader.value(TokenClass.image.label, parse)
        reader.finish()
        for required in [TokenClass.input, .output] where reader.lacks(required.label) {
            self.problems.problem(
                at: entry.position, path: "\(entry.value.path).\(required.label)",
                "missing; what costs nothing has the price 0")
        }
        guard let target, let input, let output else { return nil }
        let rates = Price.Rates(
            input: input, output: output, cacheRead: cacheRead, cacheWrite: cacheWrite, cacheWriteHour: cacheWriteHour,
            reasoning: reasoning, audioInput: audioInput, audioOutput: audioOutput, image: image)
        return ModelPrice(
            provider: target.provider, model: target.model == "*" ? nil : target.model, price: Price(rates))
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
