internal import Domain

extension Catalogue {
    /// Its servers refuse members they do not know, `max_completion_tokens` among them.
    static let mistral: [CatalogueModel] = [
        CatalogueModel(
            ["mistral-large-latest", "mistral-large-2512", "mistral-large-3"],
            Price.Rates(input: 500_000, output: 1_500_000, cacheRead: 50_000), context: 262_144, output: 262_144),
        CatalogueModel(
            ["mistral-large-4", "mistral-large-4-0"],
            Price.Rates(input: 1_360_000, output: 4_180_000, cacheRead: 140_000), context: 1_048_576, output: 1_048_576),
        CatalogueModel(
            ["mistral-medium-latest", "mistral-medium-2604", "mistral-medium-3.5", "mistral-medium"],
            Price.Rates(input: 1_500_000, output: 7_500_000, cacheRead: 150_000), context: 262_144, output: 262_144),
        CatalogueModel(
            ["mistral-small-latest", "mistral-small-2603"],
            Price.Rates(input: 150_000, output: 600_000, cacheRead: 15_000), context: 262_144, output: 262_144),
        CatalogueModel(
            ["magistral-medium-latest"], Price.Rates(input: 1_500_000, output: 7_500_000, cacheRead: 150_000),
            context: 262_144, output: 262_144),
        CatalogueModel(
            ["magistral-small-latest"], Price.Rates(input: 150_000, output: 600_000, cacheRead: 15_000),
            context: 262_144, output: 262_144),
        CatalogueModel(
            ["ministral-14b-latest", "ministral-14b-2512"],
            Price.Rates(input: 200_000, output: 200_000, cacheRead: 20_000), context: 262_144, output: 262_144),
        CatalogueModel(
            ["ministral-8b-latest", "ministral-8b-2512"],
            Price.Rates(input: 150_000, output: 150_000, cacheRead: 15_000), context: 262_144, output: 262_144),
        CatalogueModel(
            ["ministral-3b-latest", "ministral-3b-2512"],
            Price.Rates(input: 100_000, output: 100_000, cacheRead: 10_000), context: 131_072, output: 131_072),
        CatalogueModel(
            ["codestral-latest", "codestral-2508"], Price.Rates(input: 300_000, output: 900_000, cacheRead: 30_000),
            context: 128_000, output: 128_000),
        CatalogueModel(
            ["devstral-latest", "devstral-medium-latest"],
            Price.Rates(input: 400_000, output: 2_000_000, cacheRead: 40_000), context: 256_000, output: 256_000),
        CatalogueModel(
            ["devstral-small-latest"], Price.Rates(input: 100_000, output: 300_000, cacheRead: 10_000),
            context: 256_000, output: 256_000),
        CatalogueModel(
            ["mistral-embed", "mistral-embed-2312"], Price.Rates(input: 100_000, output: 0), context: 8_192, output: nil
        ),
        CatalogueModel(
            ["codestral-embed", "codestral-embed-2505"], Price.Rates(input: 150_000, output: 0, cacheRead: 15_000),
            context: 8_192, output: nil),
    ]
}
