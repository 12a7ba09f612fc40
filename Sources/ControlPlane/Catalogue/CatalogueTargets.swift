import Catalogue
import Configuration
import Domain

/// Which models of a catalogue the configured providers have, and what clients call them. Pure.
struct CatalogueTargets {
    private let sources: [(provider: String, source: CatalogueSource)]

    init(_ providers: [ConfiguredProvider]) {
        self.sources = providers.compactMap { provider in
            provider.settings.catalogueSource.map { (provider.settings.name, $0) }
        }
    }

    /// `PROVIDER:MODEL` of each provider that has it; empty for a model of nobody here.
    func names(of entry: CatalogueEntry) -> [String] {
        self.sources.compactMap { provider, source in
            source.name(of: entry).map { "\(provider):\(String(decoding: $0, as: UTF8.self))" }
        }
    }
}
