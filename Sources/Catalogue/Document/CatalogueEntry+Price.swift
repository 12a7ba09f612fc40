public import Domain

extension CatalogueEntry {
    /// What does not answer with text, or is not paid by its tokens alone: a price that is missing is one of nothing. Of all others nothing
    /// is known of what a call costs without a price of its input and one of its output.
    private static let othersThanText: Set<String> = [
        "embedding", "rerank", "moderation", "image_generation", "image_edit", "audio_transcription", "audio_speech",
        "video_generation", "ocr", "search", "vector_store",
    ]

    /// Whether it answers with text, so that its answer can be bounded in tokens.
    public var generatesText: Bool { !Self.othersThanText.contains(self.mode) }

    /// What its provider takes for a call; nil where the catalogue does not say it all.
    ///
    /// A list for long prompts has what the file says for them, and else what it says for shorter ones; a list of a service has what the
    /// file says for the service, and else the standard service's. So does LiteLLM.
    public var price: Price? {
        guard !self.rates.isEmpty else { return nil }
        let input = self[CatalogueField(.tokens(.input))]
        let output = self[CatalogueField(.tokens(.output))]
        if self.generatesText, input == nil || output == nil { return nil }
        // What is sold by the piece has no price of tokens.
        let base = self.overlaid(Price.Rates(input: input ?? 0, output: output ?? 0), above: 0, .standard)
        let standard = self.list(base, .standard, over: [:])
        let bounded = Dictionary(standard.tiers.map { ($0.above, $0.rates) }) { first, _ in first }
        var services: [ServiceTier: PriceList] = [:]
        for service in Set(self.rates.map(\.field.service)) where service != .standard {
            services[service] = self.list(self.overlaid(base, above: 0, service), service, over: bounded)
        }
        return Price(standard, services: services)
    }

    /// `over` are the standard service's rates for long prompts.
    private func list(_ base: Price.Rates, _ service: ServiceTier, over standard: [Int64: Price.Rates]) -> PriceList {
        let own = self.rates.filter { $0.field.service == service && $0.field.above > 0 }.map { Int64($0.field.above) }
        var tiers: [PromptTier] = []
        var rates = base
        for above in Set(own + standard.keys).sorted() {
            rates = self.overlaid(standard[above] ?? rates, above: UInt32(clamping: above), service)
            tiers.append(PromptTier(above: above, rates: rates))
        }
        return PriceList(base, tiers: tiers)
    }

    /// `rates` with what the file says for prompts above that many tokens in the service.
    private func overlaid(_ rates: Price.Rates, above: UInt32, _ service: ServiceTier) -> Price.Rates {
        var rates = rates
        for rate in self.rates where rate.field.above == above && rate.field.service == service {
            switch rate.field.measure {
            case .tokens(let tokenClass): rates[own: tokenClass] = rate.value
            case .units(let unitClass): rates.units[unitClass] = rate.value
            }
        }
        return rates
    }
}
