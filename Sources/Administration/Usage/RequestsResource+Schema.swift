import Domain

extension RequestsResource {
    /// One request of the list.
    static let schema = APISchema.named("Request", .object(principal + what + figures))
    /// Everything about one.
    static let explanationSchema = APISchema.named(
        "RequestExplanation",
        .object([
            .init("request", schema), .init("routing", .nullable(.named("Routing", routing))),
            .init("attempts", .array(.named("Attempt", .object(attempt)))),
        ]))

    private static let text = APISchema.nullable(.string())
    private static let number = APISchema.nullable(.whole)
    private static let tokens = APISchema.object(
        TokenClass.allCases.map { APISchema.Member($0.label, .whole, required: false) })

    private static let units = APISchema.object(
        UnitClass.allCases.filter { $0 != .request }.map { APISchema.Member($0.label, .whole, required: false) })

    private static let principal: [APISchema.Member] = [
        .init("record", .record), .init("time", .timestamp), .init("organization", text), .init("project", text),
        .init("project_name", text), .init("key", text), .init("key_name", text), .init("user", text),
    ]
    private static let what: [APISchema.Member] = [
        .init("endpoint", text), .init("model", text, "As it was asked for."), .init("provider", text),
        .init("model_sent", text), .init("stream", .boolean), .init("status", number), .init("outcome", text),
        .init("settled_by", text), .init("finish", text), .init("error", text), .init("usage_source", .string()),
    ]
    private static let figures: [APISchema.Member] =
        [.init("tokens", tokens), .init("cost_usd", .nullable(.amount)), .init("attempts", .whole)]
        + ["received_us", "dispatched_us", "first_byte_us", "total_us", "body_bytes", "reply_bytes"].map {
            APISchema.Member($0, number)
        } + ["trace_id", "label", "tags"].map { APISchema.Member($0, text) }

    private static let place: [APISchema.Member] = [.init("provider", text), .init("model", text)]
    private static let routing = APISchema.object([
        .init("alias", text), .init("strategy", .string()), .init("tier", text), .init("planning_us", .whole),
        .init("targets", .array(.object(place))), .init("more_targets", .whole),
        .init("left_out", .array(.object(place + [.init("why", .string())]))), .init("more_left_out", .whole),
        .init(
            "steps",
            .array(
                .object(
                    [.init("at_us", .whole), .init("what", .string())] + place
                        + ["attempt", "ms", "status"].map { APISchema.Member($0, .whole, required: false) }))),
    ])

    private static let rates =
        TokenClass.allCases.map { APISchema.Member($0.label, .amount) } + [
            .init(
                "units", .object(UnitClass.allCases.map { APISchema.Member($0.rateLabel, .amount, required: false) }),
                required: false, "US dollars for one of each; of times, for a second.")
        ]
    private static let list =
        rates + [
            .init(
                "tiers", .array(.object([.init("above", .whole)] + rates)), required: false,
                "What holds for prompts of more tokens.")
        ]
    private static let price = APISchema.object(
        list + [
            .init(
                "services",
                .object(
                    ServiceTier.allCases.filter { $0 != .standard }.map {
                        APISchema.Member($0.label, .object(list), required: false)
                    }), required: false, "What holds for calls that were served in another way.")
        ])
    private static let attempt: [APISchema.Member] =
        [
            .init("number", .whole), .init("client_request_id", .string()), .init("provider", text),
            .init("model", text), .init("key_name", text), .init("upstream", number), .init("started", text),
            .init("status", number), .init("billed", .string()), .init("finish", text), .init("error", text),
            .init("usage_source", .string()), .init("tokens", tokens), .init("units", .nullable(units)),
            .init("service", .oneOf(ServiceTier.allCases.map(\.label)), "How the provider has served it."),
            .init("cost_usd", .nullable(.amount)),
            .init("price_usd_per_million_tokens", .nullable(price)),
        ]
        + ["connected_us", "first_content_us", "total_us", "reply_bytes"].map { APISchema.Member($0, number) }
}
