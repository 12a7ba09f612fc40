public import Domain

extension ProviderRow {
    /// The URL that a front door's requests go to; nil where the provider has no endpoint for them.
    ///
    /// `base` is the configured base URL without a slash at its end. `model`, the provider's own name, and `apiVersion` matter
    /// to Azure only.
    public func url(base: String, endpoint: Endpoint, model: [UInt8], apiVersion: String?) -> String? {
        guard let target = self.target(of: endpoint) else { return nil }
        let path = self.paths[target] ?? target.path
        switch self.addressing {
        case .plain: return base + path
        case .azure: return AzureURL(base: base, version: apiVersion).url(path, model: model)
        }
    }

    /// Whether the model's name is a part of its URLs.
    public func urlsNameModel(base: String, apiVersion: String?) -> Bool {
        self.addressing == .azure && AzureURL(base: base, version: apiVersion).namesModel
    }
}
