import Catalogue
import Configuration
import Domain

/// What is known of the prices and bounds of the configured providers' models: the catalogue's rows of their vendors, with
/// the file's prices before them. Pure.
struct PriceTable {
    /// Each price once; the models name them by their index.
    private(set) var prices: [Price] = []
    private(set) var models: [RouteTable.Model] = []
    private var priceIndexes: [Price: UInt32] = [:]
    /// Index into `models`, by provider and name; an empty name stands for all others of the provider.
    private var rows: [UInt16: [[UInt8]: Int]] = [:]

    /// The providers in the order of their indexes.
    init(providers: [ConfiguredProvider], pricing: [ModelPrice]) {
        for (index, provider) in providers.enumerated() {
            guard let index = UInt16(exactly: index) else { break }
            self.addKnown(provider.settings, index)
            for entry in pricing where entry.provider == provider.settings.name {
                self.set(entry.price, of: entry.model.map { Array($0.utf8) }, at: index)
            }
        }
    }

    /// The price that a call of the model is charged by: that of its row, else that of all others of its provider. A row
    /// without a price, which the catalogue does not have, would be one of an unknown price.
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
