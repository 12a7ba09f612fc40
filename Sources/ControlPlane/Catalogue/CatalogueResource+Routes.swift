import Administration
import Domain

extension CatalogueResource {
    var routes: [APIRoute] {
        let tag = "catalogue"
        let page = [
            APIParameter.limit(Self.pageLimit),
            .after(.string(minimum: 1, maximum: 512)),
            APIParameter("configured", in: .query, .boolean, "Only models that configured providers have."),
        ]
        let only = APIParameter(
            "only", in: .query, .modelPattern, "Only models by this name, such as `azure/*` or `openai:gpt-4o*`.")
        return [
            APIRoute(
                .get, [tag], id: "getCatalogue",
                summary: "Tells which catalogue of prices is in force, and which one waits to be.", tag: tag,
                replies: [200: Self.schema], handler: self.show),
            APIRoute(
                .get, [tag, "diff"], id: "getCatalogueDifference",
                summary: "Lists what would change if the catalogue that waits were applied.", tag: tag,
                parameters: [only] + page, replies: [200: Self.differenceSchema], handler: self.differences),
            APIRoute(
                .get, [tag, "models"], id: "listCatalogueModels",
                summary: "Lists the models of the catalogue in force.",
                tag: tag,
                parameters: [
                    APIParameter(
                        "search", in: .query, .text(minimum: 1, maximum: 256), "A part of the model's name."),
                    APIParameter(
                        "provider", in: .query, .text(minimum: 1, maximum: 80),
                        "Whose they are, in the catalogue's words."),
                ] + page, replies: [200: .page(Self.modelSchema)], handler: self.models),
            APIRoute(
                .post, [tag, "apply"], id: "applyCatalogue",
                summary: "Puts the catalogue that waits in force in all workers. `If-Match` takes its digest.",
                tag: tag,
                body: .named(
                    "CatalogueApplication",
                    .object([
                        .init(
                            "digest", .nullable(Self.digest), required: false,
                            "Of the catalogue that was looked at; another one is refused."),
                        .init(
                            "only", .nullable(.modelPattern), required: false,
                            "Only models by this name, such as `azure/*` or `openai:gpt-4o*`."),
                    ])), replies: [200: Self.appliedSchema], requires: .changeConfiguration, handler: self.apply),
        ]
    }

    private static let digest = APISchema.string(minimum: 64, maximum: 64, pattern: "^[0-9a-f]{64}$")

    private static let counts: [APISchema.Member] = [
        .init("added", .whole, "Models that are new."), .init("removed", .whole, "Models that are gone."),
        .init("changed", .whole, "Models of which something is different."),
    ]
    private static let about: [APISchema.Member] = [
        .init("digest", digest, "The same for the same models."), .init("models", .whole),
        .init("source", .string(), "The file or URL it was read from."), .init("read", .timestamp),
    ]

    private static let note = APISchema.object([
        .init("field", .string()), .init("models", .whole, "How many have it."),
        .init("first", .string(), "The first of them."), .init("reason", .string()),
    ])
    private static let notes = APISchema.object([
        .init("unknown", .array(note), "Fields that this version does not know."),
        .init("bad", .array(note), "Fields with values that cannot be used."),
        .init("ignored", .array(note), "Prices that are known, and why they are not used."),
        .init(
            "left_out", .array(.object([.init("model", .string()), .init("reason", .string())])),
            "Models that cannot be used."),
        .init("more", .whole, "How many more there were than are told."),
        .init("rounded", .whole, "Prices that are finer than a pico-USD."),
    ])

    private static let schema = APISchema.named(
        "Catalogue",
        .object([
            .init("source", .nullable(.string()), "Where the configuration says that catalogues are."),
            .init("refresh_seconds", .whole), .init("apply", .oneOf(["manual", "auto"])),
            .init(
                "in_force",
                .nullable(
                    .object(
                        about + [
                            .init("applied", .timestamp), .init("actor", .nullable(.string())),
                            .init("actor_name", .nullable(.string())),
                        ]))),
            .init(
                "candidate",
                .nullable(
                    .object(
                        about + [.init("checked", .timestamp, "When the source said so last.")] + counts + [
                            .init("notes", notes, "What of the source is not used.")
                        ])), "What was read last; its digest is the entity tag."),
            .init(
                "failure", .nullable(.object([.init("message", .string()), .init("time", .timestamp)])),
                "Why the source could not be read the last time."),
        ]))

    private static let differenceSchema = APISchema.named(
        "CatalogueDifference",
        .object(
            [.init("digest", digest)] + counts + [
                .init(
                    "data",
                    .array(
                        .object([
                            .init("change", .oneOf(["added", "removed", "changed"])),
                            .init("model", .string(), "As the catalogue has it."), .init("provider", .string()),
                            .init("targets", .array(.string()), "What clients of this gateway call it."),
                            .init(
                                "fields",
                                .array(
                                    .object([
                                        .init("field", .string(), "As the catalogue has it."),
                                        .init("unit", .nullable(.string()), "What amounts of USD are for."),
                                        .init("old", .nullable(.string())), .init("new", .nullable(.string())),
                                    ]))),
                        ]))), .init("next", .nullable(.string())),
            ]))

    private static let modelSchema = APISchema.named(
        "CatalogueModel",
        .object([
            .init("model", .string(), "As the catalogue has it."), .init("provider", .string()),
            .init("mode", .nullable(.string())),
            .init("targets", .array(.string()), "What clients of this gateway call it."),
            .init("max_input_tokens", .nullable(.whole)), .init("max_output_tokens", .nullable(.whole)),
            .init("deprecation_date", .nullable(.string(format: "date"))), .init("capabilities", .array(.string())),
            .init(
                "prices",
                .array(
                    .object([
                        .init("field", .string()), .init("unit", .string(), "What the amount is for."),
                        .init("usd", .string()),
                    ]))),
        ]))

    private static let appliedSchema = APISchema.named(
        "AppliedCatalogue",
        .object(
            [.init("digest", digest, "Of what is in force then."), .init("models", .whole)] + counts + [
                .init("in_force", .boolean, "Whether all workers go by it already.")
            ]))
}
