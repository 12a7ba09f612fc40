import Domain

extension RequestsResource {
    /// One request of the list.
    static let schema = APISchema.named("Request", .object(members))
    static let members = principal + what + figures
    /// Everything about one.
    static let explanationSchema = APISchema.named(
        "RequestExplanation",
        .object([
            .init("request", schema), .init("caller", .object(caller)),
            .init("limits", .nullable(.named("CheckedLimits", limits))),
            .init("routing", .nullable(.named("Routing", routing))), .init("stages", .object(stages)),
            .init("attempts", .array(.named("Attempt", .object(attempt)))),
        ]))

    private static let text = APISchema.nullable(.string())
    private static let number = APISchema.nullable(.whole)
    private static let tokens = APISchema.object(
        TokenClass.allCases.map { APISchema.Member($0.label, .whole, required: false) })

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

    private static let caller: [APISchema.Member] = [
        .init("by", .nullable(.oneOf(["key", "static_key", "anonymous"])), "What it was known by."),
        .init("prefix", text, "What the key begins with, by now."),
        .init(
            "settings", .nullable(.oneOf(["cached", "read"])),
            "Whether the edge knew its limits and models from a request before, or has read them."),
    ]
    private static let limits = APISchema.object([
        .init(
            "verdict", .oneOf(AdmissionTrail.Verdict.allCases.map(\.label)), "What came of asking all limits."),
        .init("kept", .boolean, "Whether the record has what there is to say of each limit."),
        .init(
            "wanted", .nullable(.object([.init("tokens", .whole), .init("cost_usd", .amount)])),
            "What was to be held of it while the request runs."),
        .init("checked", .array(.object(limit))), .init("more_checked", .whole),
    ])
    private static let limit: [APISchema.Member] =
        [
            .init("scope", .string()), .init("of", text, "Whose limit it is."), .init("name", .string()),
            .init("said", .oneOf(CheckedLimit.Word.allCases.map(\.label))),
        ]
        + ["limit", "used", "held", "remaining"].map { APISchema.Member($0, .any([.whole, .amount])) }
        + [.init("reset_seconds", number, "Until waiting helps.")]
    private static let stages: [APISchema.Member] = [
        "authenticated_us", "received_us", "planned_us", "admitted_us", "dispatched_us", "first_byte_us", "total_us",
    ].map { APISchema.Member($0, number) }

    private static let place: [APISchema.Member] = [.init("provider", text), .init("model", text)]
    private static let target: [APISchema.Member] =
        place + [
            .init(
                "price_usd_per_million_tokens",
                .nullable(.object([.init("input", .amount), .init("output", .amount)]))),
            .init("cost_usd", .nullable(.amount), "What it would have taken for what the request has used."),
        ]
    private static let routing = APISchema.object([
        .init("alias", text), .init("strategy", .string()), .init("tier", text), .init("planning_us", .whole),
        .init("targets", .array(.object(target))), .init("more_targets", .whole),
        .init("left_out", .array(.object(target + [.init("why", .string())]))), .init("more_left_out", .whole),
        .init(
            "steps",
            .array(
                .object(
                    [.init("at_us", .whole), .init("what", .string())] + place
                        + ["attempt", "ms", "status"].map { APISchema.Member($0, .whole, required: false) }))),
    ])

    private static let rates = TokenClass.allCases.map { APISchema.Member($0.label, .amount) }
    private static let price = APISchema.object(
        rates + [
            .init(
                "long_prompt", .object([.init("above", .whole)] + rates), required: false,
                "What holds for prompts of more tokens.")
        ])
    private static let attempt: [APISchema.Member] =
        [
            .init("number", .whole), .init("client_request_id", .string()), .init("provider", text),
            .init("model", text), .init("key_name", text), .init("upstream", number), .init("started", text),
            .init("status", number), .init("billed", .string()), .init("finish", text), .init("error", text),
            .init("usage_source", .string()), .init("tokens", tokens), .init("cost_usd", .nullable(.amount)),
            .init("price_usd_per_million_tokens", .nullable(price)),
        ]
        + ["connected_us", "first_content_us", "total_us", "reply_bytes"].map { APISchema.Member($0, number) }
}
