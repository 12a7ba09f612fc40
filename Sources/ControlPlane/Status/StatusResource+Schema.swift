import Administration
import Domain
import IPC

extension StatusResource {
    /// How the gateway is; docs/operations.md tells what the members mean.
    static let schema = APISchema.named(
        "Status",
        .object([
            .init("state", .oneOf(TreeReport.State.allCases.map(\.label))), .init("pid", .whole),
            .init("build", .string()), .init("uptime_seconds", .whole), .init("configuration_version", .whole),
            .init("listeners", .array(.string())), .init("quarantined", .whole), .init("processes", .array(process)),
            .init("operations", .array(operation)), .init("providers", .array(provider)),
            .init("notices", .array(.string())),
        ]))

    private static let number = APISchema.nullable(.whole)

    private static let process = APISchema.object([
        .init("role", .string()), .init("index", .whole), .init("generation", .whole), .init("instance", .whole),
        .init("pid", number), .init("state", .string()), .init("uptime_seconds", .whole), .init("restarts", .whole),
        .init("active_requests", .whole), .init("configuration_version", .whole),
        .init("missing_hardening", .array(.string())),
    ])
    private static let operation = APISchema.object([
        .init("token", .nullable(.fingerprint)), .init("kind", .oneOf(OrderKind.allCases.map(\.label))),
        .init("state", .oneOf(TreeReport.Operation.State.allCases.map(\.label))), .init("message", .string()),
        .init("age_seconds", .whole),
    ])
    private static let breaker = APISchema.object([.init("state", .string()), .init("seconds_left", number)])
    private static let keyState: [APISchema.Member] = [
        .init("state", .nullable(.string())), .init("status", number), .init("seconds_left", number),
    ]
    private static let provider = APISchema.object([
        .init("name", .string()), .init("breaker", .nullable(breaker)),
        .init("targets", .array(.object([.init("model", .string()), .init("breaker", breaker)]))),
        .init(
            "keys",
            .array(
                .object(
                    [.init("name", .nullable(.string()))] + keyState + [
                        .init("models", .array(.object([.init("model", .string())] + keyState)))
                    ]))),
        .init("running", number), .init("concurrency", number), .init("max_connections", number),
        .init("waiting", number), .init("first_token_ms", number),
    ])
}
