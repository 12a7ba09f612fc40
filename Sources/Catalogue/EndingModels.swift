public import Domain

/// Models of the configured providers that these end soon, or have ended. Pure.
public struct EndingModels {
    /// Days before the end from which on it is told.
    public static let notice: Int32 = 30

    /// One model, and when it ends.
    public struct Ending: Hashable, Sendable {
        /// `PROVIDER:MODEL`
        public var target: String
        public var day: CatalogueDay
        public var isOver: Bool

        /// For people, behind what leads to it.
        public var text: String {
            "\(self.target) \(self.isOver ? "has ended" : "ends") on \(self.day), as the catalogue says"
        }
    }

    /// Where clients are led.
    public struct Target: Hashable, Sendable {
        public var provider: String
        public var model: String

        public init(provider: String, model: String) {
            self.provider = provider
            self.model = model
        }
    }

    /// By provider, then by its name for the model.
    private var days: [String: [[UInt8]: CatalogueDay]] = [:]
    private let today: CatalogueDay

    /// `today` in UTC.
    public init(_ document: CatalogueDocument?, _ providers: [ProviderSettings], today: CatalogueDay) {
        self.today = today
        guard let document else { return }
        for provider in providers {
            guard let source = provider.catalogueSource else { continue }
            for (name, entry) in source.models(in: document) {
                guard let day = entry.deprecation, Int(day.daysSince1970) - Int(Self.notice) <= Int(today.daysSince1970)
                else { continue }
                self.days[provider.name, default: [:]][name] = day
            }
        }
    }

    /// nil for a model that goes on.
    public func ending(_ target: Target) -> Ending? {
        self.days[target.provider]?[Array(target.model.utf8)].map {
            Ending(target: "\(target.provider):\(target.model)", day: $0, isOver: $0 <= self.today)
        }
    }

    /// A line for each alias that leads to one, and for each model with a price of its own, or in use, that no alias leads to.
    public func notices(
        aliases: [(name: String, targets: [Target])], priced: [Target], used: [Target] = []
    ) -> [String] {
        guard !self.days.isEmpty else { return [] }
        var notices: [String] = []
        var said: Set<String> = []
        for alias in aliases {
            for ending in alias.targets.compactMap({ self.ending($0) }) {
                said.insert(ending.target)
                notices.append("the model alias \(alias.name): \(ending.text)")
            }
        }
        for (words, targets) in [("pricing", priced), ("in use", used)] {
            for ending in targets.compactMap({ self.ending($0) }) where said.insert(ending.target).inserted {
                notices.append("\(words): \(ending.text)")
            }
        }
        return notices
    }
}

extension ProviderSettings {
    /// What of a catalogue is about this provider; nil where nothing is.
    public var catalogueSource: CatalogueSource? {
        guard case .server(let dialect, let baseURL) = self.kind else { return nil }
        return CatalogueSource(dialect: dialect, baseURL: baseURL, providerName: self.name)
    }
}
