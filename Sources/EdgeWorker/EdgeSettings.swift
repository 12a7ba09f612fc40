import Domain
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
    /// How replies name them.
    private let providerHeaders: [[UInt8]]
    /// By the snapshot's numbers.
    let prices: [Price]
    /// Names that can be asked for as they are.
    let aliases: [[UInt8]]
    /// Headers that aliases take tiers from, in lower case.
    let tierHeaders: [[UInt8]]
    let policies: [RoutePolicy]
    let sharedCalls: SharedCallSettings
    /// Metrics count by project, too.
    let countsProjects: Bool
    /// Where replies of providers say where they come from.
    let responseExtension: ResponseExtension
    let logLevel: LogLevel
    let logFormat: LogFormat
    let requestLogging: RequestLogging
    /// As OpenAI's clients list the models, and Anthropic's.
    let models: ModelListing
    let anthropicModels: ModelListing
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
        self.providerHeaders = self.providers.map { ReplyOrigin.start($0) }
        self.prices = snapshot.prices
        self.aliases = self.router.names()
        self.tierHeaders = self.router.tierHeaders
        self.policies = snapshot.routes.policies
        self.sharedCalls = snapshot.sharedCalls
        self.countsProjects = snapshot.countsProjects
        self.responseExtension = snapshot.responseExtension
        self.logLevel = snapshot.logLevel
        self.logFormat = snapshot.logFormat
        self.requestLogging = snapshot.requestLogging
        self.models = ModelListing(self.aliases, .openAI)
        self.anthropicModels = ModelListing(self.aliases, .anthropic)
    }

    /// What is known of a target's model.
    func facts(of target: Target) -> ModelFacts { self.facts[target] }

    /// A target's price; nil where it is unknown.
    func price(of target: Target) -> Price? {
        target.price.flatMap { Int($0) < self.prices.count ? self.prices[Int($0)] : nil }
    }

    /// A provider's name, for records and metrics.
    func providerName(_ number: UInt16) -> [UInt8]? {
        Int(number) < self.providers.count ? self.providers[Int(number)] : nil
    }

    /// What the head of a reply of a provider's begins its origin with (`ReplyOrigin.start`).
    func providerHeader(_ number: UInt16) -> [UInt8]? {
        Int(number) < self.providerHeaders.count ? self.providerHeaders[Int(number)] : nil
    }

    /// What the estimator knows a target by.
    func estimatorModel(_ target: Target) -> UsageEstimator.Model {
        let place = Int(target.provider)
        return UsageEstimator.Model(
            provider: place < self.providerLabels.count ? self.providerLabels[place] : "", name: target.model)
    }
}
