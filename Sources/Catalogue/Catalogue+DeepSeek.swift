internal import Domain

extension Catalogue {
    /// What is not read from its cache is written to it at the price of input.
    static let deepSeek: [CatalogueModel] = [
        CatalogueModel(
            ["deepseek-chat"], Price.Rates(input: 280_000, output: 420_000, cacheRead: 28_000), context: 131_072,
            output: 8_192),
        CatalogueModel(
            ["deepseek-reasoner"], Price.Rates(input: 280_000, output: 420_000, cacheRead: 28_000), context: 131_072,
            output: 65_536),
        CatalogueModel(
            ["deepseek-v4-flash", "deepseek-flash"], Price.Rates(input: 300_000, output: 1_200_000, cacheRead: 6_000),
            context: 1_000_000, output: 393_216),
        CatalogueModel(
            ["deepseek-v4-pro"], Price.Rates(input: 1_320_000, output: 3_960_000, cacheRead: 44_000),
            context: 1_000_000, output: 393_216),
    ]
}
