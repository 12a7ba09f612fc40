/// What current models of some vendors cost and hold, as their public price pages said in November 2026.
///
/// Part of the program, so that a first start knows prices without asking anybody; prices change, and `pricing` in the
/// configuration replaces any of them. Rates are in pico-USD per token: 150_000 is $0.15 per million tokens.
public enum Catalogue {
    /// The models of a vendor; no name occurs twice.
    public static func models(of vendor: Vendor) -> [CatalogueModel] {
        switch vendor {
        case .openAI: self.openAI
        case .anthropic: self.anthropic
        case .google: self.google
        case .groq: self.groq
        case .mistral: self.mistral
        case .deepSeek: self.deepSeek
        case .xAI: self.xAI
        }
    }
}
