import Domain

extension UsageResource {
    /// What was used in a period.
    static let schema = APISchema.named(
        "Usage",
        .object([
            .init("since", .timestamp), .init("until", .timestamp), .init("total", .object(totals)),
            .init("data", .array(.object(group + totals))),
        ]))

    /// One of the first four, by what was added up.
    private static let group: [APISchema.Member] = ["key", "project", "model", "provider", "group", "name"].map {
        APISchema.Member($0, .nullable(.string()), required: false)
    }
    private static let totals: [APISchema.Member] =
        ["requests", "open", "errors", "disconnected", "recovered", "estimated", "unknown_price"].map {
            APISchema.Member($0, .whole)
        } + [
            .init("tokens", .object(TokenClass.allCases.map { APISchema.Member($0.label, .whole) })),
            .init("cost_usd", .amount),
        ]
}
