import Administration
import Configuration
import Domain

/// The members of objects, as the file has them; docs/configuration.md tells what they mean.
extension ObjectsResource {
    static func nameSchema(_ kind: ObjectKind) -> APISchema {
        switch kind {
        case .provider: .string(minimum: 1, maximum: 64, pattern: "^[A-Za-z0-9_.-]+$")
        case .alias: .string(minimum: 1, maximum: 256)
        case .price: .string(minimum: 3, maximum: 321, pattern: "^[A-Za-z0-9_.-]+:")
        }
    }

    /// Those that can be changed; null stands for the default.
    static func members(_ kind: ObjectKind) -> [APISchema.Member] {
        let members =
            switch kind {
            case .provider: Self.provider
            case .alias: Self.alias
            case .price: Self.price
            }
        return members.map { APISchema.Member($0.name, .nullable($0.schema), required: false, $0.summary) }
    }

    /// Those of an answer.
    static func shownMembers(_ kind: ObjectKind) -> [APISchema.Member] {
        let name = APISchema.Member(Self.nameMember(kind), .string())
        let isDefault: [APISchema.Member] =
            kind == .provider ? [.init("default", .boolean, "Whether models without a provider's name go there.")] : []
        let endings: [APISchema.Member] =
            kind == .alias ? [.init("deprecations", .array(Self.ending), "Targets that their providers end soon.")] : []
        return [name] + Self.about + isDefault + endings + Self.stamps + Self.members(kind)
    }

    private static let ending = APISchema.object([
        .init("target", .string()), .init("date", .string(format: "date")), .init("is_over", .boolean),
    ])

    private static let about: [APISchema.Member] = [
        .init("source", .oneOf(["file", "environment", "api"]), "What decides: only the API's can be changed here."),
        .init("file", .nullable(.string()), "The configuration file that defines it."),
        .init("line", .nullable(.whole), "Where in the file."),
        .init("in_force", .boolean, "Whether all workers go by it."),
        .init("problem", .nullable(.string()), "Why it is not in force."),
        .init("hides_api", .boolean, "The API has one of the same name, which the file hides."),
    ]
    private static let stamps: [APISchema.Member] = [
        .init("version", .nullable(.whole), "The entity tag's; null for what the API has not made."),
        .init("created", .nullable(.timestamp)), .init("changed", .nullable(.timestamp)),
    ]

    private static let duration = APISchema.string(minimum: 1, maximum: 32)
    private static func optional(_ name: String, _ schema: APISchema, _ summary: String = "") -> APISchema.Member {
        APISchema.Member(name, .nullable(schema), required: false, summary)
    }

    private static let key = APISchema.object([
        optional("name", .string(maximum: 64), "By which records and `status` tell keys apart."),
        .init("value", .string(maximum: 8192), "Taken and never given: answers have a mask."),
        optional("requests_per_minute", .integer(1...1_000_000_000)),
        optional("tokens_per_minute", .integer(1...1_000_000_000)), optional("weight", .integer(1...1_000_000)),
    ])

    private static let provider: [APISchema.Member] = [
        .init("dialect", .oneOf(Dialect.allCases.map(\.name) + ["simulated"]), "How it is spoken to."),
        .init("base_url", .string(minimum: 1, maximum: 2048), "Https, and on the public Internet."),
        .init("api_key", .string(maximum: 8192), "Taken and never given: answers have a mask."),
        .init("keys", .array(key, maximum: ProviderSettings.maximumKeys), "Several keys, instead of `api_key`."),
        .init("resource", .string(maximum: 64), "Azure's: the NAME of https://NAME.openai.azure.com."),
        .init("api_version", .string(maximum: 64), "Azure's."),
        .init("drop_unsupported", .boolean), .init("fetch_images", .boolean),
        .init(
            "headers", .map(.nullable(.string(maximum: 8192)), maximum: 100), "Sent with each call; kept as secrets."),
        .init("max_connections", .integer(1...100_000)), .init("concurrency", .integer(1...100_000)),
        .init(
            "queue",
            .any([.object([optional("length", .integer(0...100_000)), optional("wait", duration)]), .boolean])),
        .init(
            "breaker",
            .any([
                .object([
                    optional("failures", .integer(0...1000)),
                    optional("error_rate", .any([.string(maximum: 8), .boolean])),
                    optional("requests", .integer(1...1000)), optional("window", duration), optional("open", duration),
                    optional("longest_open", duration),
                ]), .boolean,
            ])),
        .init(
            "timeouts",
            .object(["connect", "first_token", "idle", "total"].map { optional($0, duration) })),
        .init("delay", duration, "The simulated provider's."),
        .init("tokens_per_second", .integer(1...1_000_000), "The simulated provider's."),
        .init("proxy", .string(maximum: 2048), "The file's only."),
        .init("ca_file", .string(maximum: 4096), "The file's only."),
        .init("allow_private_network", .boolean, "The file's only."),
    ]

    private static let alias: [APISchema.Member] = [
        .init(
            "targets",
            .array(
                .any([
                    .string(maximum: 321),
                    .object([.init("target", .string(maximum: 321)), optional("weight", .integer(1...1_000_000))]),
                ]), maximum: 64), "`provider:model`, with a weight where these differ."),
        .init("strategy", .oneOf(["ordered", "weighted", "least_latency", "least_cost", "least_busy"])),
        .init("retries", .any([.integer(0...Int64(RoutePolicy.maximumRetries)), .boolean])),
        .init("retry_delay", duration), .init("hedge_after", .any([duration, .boolean])),
        .init("sticky", .any([.oneOf(["user", "key"]), .boolean])), .init("tier", .oneOf(["fast", "deep"])),
        .init(
            "route",
            .any([
                .object([
                    .init("by", .oneOf(["tier"])), optional("threshold_characters", .integer(1...1_000_000_000)),
                    optional("header", .string(maximum: 256)),
                ]), .boolean,
            ])),
    ]

    /// US dollars for a million tokens of a class.
    private static let price: [APISchema.Member] = TokenClass.allCases.map {
        .init($0.label, .any([.string(minimum: 1, maximum: 32), .number]), "USD per million tokens.")
    }
}
