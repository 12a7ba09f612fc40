/// A model of one provider, written `provider:model`.
public struct ModelTarget: Hashable, Sendable, CustomStringConvertible {
    /// The name of a configured provider.
    public var provider: String
    /// The model's name at that provider; it may hold colons.
    public var model: String

    public init(provider: String, model: String) {
        self.provider = provider
        self.model = model
    }

    public var description: String { "\(self.provider):\(self.model)" }

    init(_ text: String) throws(ValueError) {
        guard let colon = text.firstIndex(of: ":") else {
            throw ValueError("expected a target of the form provider:model")
        }
        self.init(provider: String(text[..<colon]), model: String(text[text.index(after: colon)...]))
        guard NameText.isProviderName(self.provider), NameText.isModelName(self.model) else {
            throw ValueError("expected a target of the form provider:model")
        }
    }
}
