/// Where replies of models say how they came about: provider, model, attempts, latency, cost.
public enum ResponseExtension: UInt8, Hashable, Sendable, CaseIterable {
    /// In headers.
    case headers = 0
    /// In headers, and in the body as the member `x_sluice`.
    case body = 1
    /// Nowhere.
    case off = 2

    /// As the configuration has it.
    public var name: String {
        switch self {
        case .headers: "headers"
        case .body: "body"
        case .off: "off"
        }
    }
}
