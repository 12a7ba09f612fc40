internal import Domain

extension Catalogue {
    /// Open models that it runs; their names have a slash.
    static let groq: [CatalogueModel] = [
        CatalogueModel(
            ["openai/gpt-oss-120b"], Price.Rates(input: 150_000, output: 600_000, cacheRead: 75_000), context: 131_072,
            output: 65_536, .maxCompletionTokens),
        CatalogueModel(
            ["openai/gpt-oss-20b"], Price.Rates(input: 75_000, output: 300_000, cacheRead: 37_500), context: 131_072,
            output: 65_536, .maxCompletionTokens),
        CatalogueModel(
            ["qwen/qwen3.8-27b"], Price.Rates(input: 800_000, output: 4_000_000), context: 131_072, output: 16_384,
            .maxCompletionTokens),
    ]
}
