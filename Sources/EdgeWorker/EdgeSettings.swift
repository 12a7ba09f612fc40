import Domain
import JSON
import Routing

/// One snapshot, prepared for use: what is needed for each request is computed here once. Immutable; a reload makes a new
/// one, and a request that has begun keeps its plan.
final class EdgeSettings {
    let version: UInt64
    let limits: HTTPLimits
    let limitPolicy: LimitPolicy
    let cors: CORSPolicy
    let authenticator: Authenticator
    let router: Router
    /// Provider names as bytes, by the snapshot's numbers.
    let providers: [[UInt8]]
    private let providerLabels: [String]
    /// By the snapshot's numbers.
    let prices: [Price]
    let aliases: [[UInt8]]
    let logLevel: LogLevel
    let logFormat: LogFormat
    let requestLogging: RequestLogging
    /// The body of `GET /v1/models`.
    let modelList: [UInt8]
    /// The same for callers without a key.
    let anonymousModelList: [UInt8]
    private let models: [[UInt8]: [UInt8]]
    private let facts: ModelFactsTable

    init(_ snapshot: EdgeSnapshot) {
        self.version = snapshot.version
        self.limits = snapshot.http
        self.limitPolicy = LimitPolicy(snapshot.limits)
        self.facts = ModelFactsTable(snapshot.routes)
        self.cors = CORSPolicy(origins: snapshot.corsOrigins)
        self.authenticator = Authenticator(mode: snapshot.authentication, staticKeyDigest: snapshot.staticKeyDigest)
        self.router = Router(routes: snapshot.routes, snapshot: snapshot.version)
        self.providerLabels = snapshot.routes.providers
        self.providers = snapshot.routes.providers.map { Array($0.utf8) }
        self.prices = snapshot.prices
        self.aliases = snapshot.routes.aliases.map { $0.name }
        self.logLevel = snapshot.logLevel
        self.logFormat = snapshot.logFormat
        self.requestLogging = snapshot.requestLogging
        var models: [[UInt8]: [UInt8]] = [:]
        var names: [[UInt8]] = []
        for alias in snapshot.routes.aliases where models[alias.name] == nil {
            models[alias.name] = EdgeSettings.model(alias.name)
            names.append(alias.name)
        }
        self.models = models
        self.modelList = EdgeSettings.list(names.compactMap { models[$0] })
        let policy = self.limitPolicy
        self.anonymousModelList = EdgeSettings.list(
            names.filter { policy.allowsAnonymous($0) }.compactMap { models[$0] })
    }

    /// What is known of a target's model.
    func facts(of target: Target) -> ModelFacts { self.facts[target] }

    /// A target's price; nil where it is unknown.
    func price(of target: Target) -> Price? {
        target.price.flatMap { Int($0) < self.prices.count ? self.prices[Int($0)] : nil }
    }

    private static func list(_ models: [[UInt8]]) -> [UInt8] {
        var list = JSONWriter()
        list.beginObject()
        list.key("object")
        list.string("list")
        list.key("data")
        list.beginArray()
        for model in models { list.raw(model) }
        list.endArray()
        list.endObject()
        return list.bytes
    }

    /// The body of `GET /v1/models/{id}`; nil for a name that is no alias.
    func model(_ id: [UInt8]) -> [UInt8]? { self.models[id] }

    /// A provider's name, for records and metrics.
    func providerName(_ number: UInt16) -> [UInt8]? {
        Int(number) < self.providers.count ? self.providers[Int(number)] : nil
    }

    /// What the estimator knows a target by.
    func estimatorModel(_ target: Target) -> UsageEstimator.Model {
        let place = Int(target.provider)
        return UsageEstimator.Model(
            provider: place < self.providerLabels.count ? self.providerLabels[place] : "", name: target.model)
    }

    private static func model(_ id: [UInt8]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("id")
        writer.string(id)
        writer.key("object")
        writer.string("model")
        // OpenAI's clients want a number; an alias has no date.
        writer.key("created")
        writer.integer(0)
        writer.key("owned_by")
        writer.string("sluice")
        writer.endObject()
        return writer.bytes
    }
}
