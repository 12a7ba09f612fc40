import Catalogue
import Configuration

extension EndingModels {
    /// Those of what is in force; the time is in milliseconds since 1970.
    init(_ state: GatewayState, milliseconds: UInt64) {
        self.init(
            state.source.catalogue?.document, state.configuration.providers.map(\.settings),
            today: CatalogueDay(milliseconds: milliseconds))
    }

    /// Those that an alias leads to.
    func endings(of alias: ModelAlias) -> [Ending] { alias.endingTargets.compactMap { self.ending($0) } }

    func notices(_ configuration: GatewayConfiguration) -> [String] {
        self.notices(
            aliases: configuration.models.map { ($0.name, $0.endingTargets) },
            priced: configuration.pricing.compactMap { price in
                price.model.map { Target(provider: price.provider, model: $0) }
            })
    }
}

extension ModelAlias {
    fileprivate var endingTargets: [EndingModels.Target] {
        self.choices.map { EndingModels.Target(provider: $0.target.provider, model: $0.target.model) }
    }
}
