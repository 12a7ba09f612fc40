extension LimitsResource {
    /// How the limits of one stand.
    static let schema = APISchema.named(
        "Limits",
        .object([
            .init("scope", .string()), .init("id", .nullable(.string())), .init("name", .nullable(.string())),
            .init("time_zone", .string(), "By which its days and months begin."),
            .init("counted", .boolean, "Whether there are figures."),
            .init("limits", .array(line)),
        ]))

    private static let line = APISchema.object([
        .init("name", .string()), .init("unit", .oneOf(["requests", "tokens", "usd"])),
        .init("limit", figure, "What holds; null where nothing does."),
        .init("own", figure, "What was set for it alone."),
        .init("used", figure), .init("held", figure, "By requests that are under way."), .init("remaining", figure),
        .init("reset_seconds", .nullable(.count), "Until what was used counts no more."),
    ])

    /// US dollars are texts, all else is whole numbers.
    private static let figure = APISchema.nullable(.any([.whole, .amount, .oneOf(["unlimited"])]))
}
