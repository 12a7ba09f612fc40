import Catalogue
import Configuration
import Domain

/// What is known of the prices and bounds of the configured providers' models: the configuration's prices, before those of the
/// catalogue in force, before what is built in. Pure.
struct PriceTable {
    /// Each price once; the models name them by their index.
    private(set) var prices: [Price] = []
    private(set) var models: [RouteTable.Model] = []
    private var priceIndexes: [Price: UInt32] = [:]
    /// Index into `models`, by provider and name; an empty name stands for all others of the provider.
    private var rows: [UInt16: [[UInt8]: Int]] = [:]

    /// The providers in the order of their indexes. Of a catalogue only their models are taken.
    init(providers: [ConfiguredProvider], pricing: [ModelPrice], catalogue: CatalogueDocument? = nil) {
        for (index, provider) in providers.enumerated() {
            guard let index = UInt16(exactly: index) else { break }
            self.addKnown(provider.settings, index)
            if let catalogue { self.add(catalogue, provider.settings, index) }
            for entry in pricing where entry.provider == provider.settings.name {
                self.set(entry.price, of: entry.model.map { Array($0.utf8) }, at: index)
            }
        }
    }

    /// The price that a call of the model is charged by: that of its row, else that of all others of its provider. A row
    /// without a price, which there is none of, would be one of an unknown price.
    func price(of model: [UInt8], at provider: UInt16) -> UInt32? {
        guard let rows = self.rows[provider], let row = rows[model] ?? rows[[]] else { return nil }
        return self.models[row].facts.price
    }

    private mutating func addKnown(_ provider: ProviderSettings, _ index: UInt16) {
        switch provider.kind {
        case .simulated:
            self.set(.free, of: nil, at: index)
        case .server(let dialect, let baseURL):
            guard let vendor = Vendor(dialect: dialect, baseURL: baseURL, providerName: provider.name) else { return }
            for model in Catalogue.models(of: vendor) {
                for name in model.names {
                    self.set(model.price, of: Array(name.utf8), at: index)
                    self.models[self.models.count - 1].facts.contextWindow = model.contextWindow
                    self.models[self.models.count - 1].facts.maximumOutput = model.maximumOutput
                    self.models[self.models.count - 1].facts.outputLimitMember = model.outputLimitMember
                }
            }
        }
    }

    /// A model of which the catalogue knows no price has no row of its own: one of all others of the provider may hold for it.
    private mutating func add(_ catalogue: CatalogueDocument, _ provider: ProviderSettings, _ index: UInt16) {
        guard let source = provider.catalogueSource else { return }
        for (name, entry) in source.models(in: catalogue) {
            let isKnown = self.rows[index]?[name] != nil
            if let price = entry.price { self.set(price, of: name, at: index) }
            guard let row = self.rows[index]?[name] else { continue }
            self.models[row].facts.add(entry)
            if !isKnown { self.models[row].facts.outputLimitMember = source.outputLimitMember }
        }
    }

    /// The model's row gets the price; whatever else is known of it stays.
    private mutating func set(_ price: Price, of model: [UInt8]?, at provider: UInt16) {
        let number = self.priceIndexes[price] ?? UInt32(self.prices.count)
        if number == self.prices.count {
            self.prices.append(price)
            self.priceIndexes[price] = number
        }
        if let row = self.rows[provider]?[model ?? []] {
            self.models[row].facts.price = number
        } else {
            self.rows[provider, default: [:]][model ?? []] = self.models.count
            self.models.append(
                RouteTable.Model(provider: provider, name: model, facts: ModelFacts(price: number)))
        }
    }
}

extension ModelFacts {
    /// What the catalogue says of bounds. Some providers count the answer within the bound of the prompt, some beside it: no prompt is longer
    /// than the greater of the two bounds in either case.
    fileprivate mutating func add(_ entry: CatalogueEntry) {
        let output = entry.generatesText ? entry.maximumOutput : nil
        if let input = entry.maximumInput { self.contextWindow = max(input, output ?? 0) }
        if let output { self.maximumOutput = output }
    }
}
