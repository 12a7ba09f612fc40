import Domain
import JSON

/// A path that clients call: with a key of theirs, or with none. Their shapes are OpenAI's and Anthropic's, which leave room for more; only
/// what Sluice itself reads is said here.
struct FrontDoor {
    var path: String
    /// GET, or POST with a body.
    var body: APISchema?
    var id: String
    var summary: String
    var tag = "models"
    var needsKey = true
    var answersText = false
    var mayStream = false
    var parameter: String?

    static let all: [FrontDoor] =
        Endpoint.allCases.map { endpoint in
            FrontDoor(
                path: "/v1\(endpoint.path)", body: Self.body(of: endpoint), id: endpoint.label,
                summary: Self.summary(of: endpoint), tag: endpoint.isAnthropic ? "Anthropic's API" : "OpenAI's API",
                mayStream: endpoint.mayStream)
        } + [
            FrontDoor(
                path: "/v1/models", id: "models", summary: "Lists the models that the key may use.", tag: "OpenAI's API"
            ),
            FrontDoor(
                path: "/v1/models/{model}", id: "model", summary: "Shows a model.", tag: "OpenAI's API",
                parameter: "model"),
            FrontDoor(
                path: "/health", id: "health", summary: "Says how the gateway is.", tag: "health", needsKey: false),
            FrontDoor(
                path: "/health/live", id: "liveness", summary: "Whether an edge answers.", tag: "health",
                needsKey: false),
            FrontDoor(
                path: "/health/ready", id: "readiness", summary: "Whether requests can be taken.", tag: "health",
                needsKey: false),
            FrontDoor(
                path: "/metrics", id: "metrics", summary: "What has been counted, for Prometheus.", tag: "health",
                needsKey: false, answersText: true),
        ]

    private static func summary(of endpoint: Endpoint) -> String {
        switch endpoint {
        case .chatCompletions: "Answers a conversation, as OpenAI's chat completions."
        case .embeddings: "Embeds texts."
        case .messages: "Answers a conversation, as Anthropic's messages."
        case .countTokens: "Counts the tokens of a conversation."
        case .completions: "Goes on with a text, as OpenAI's old completions."
        case .moderations: "Judges texts."
        case .imageGenerations: "Makes pictures."
        }
    }

    /// The path's item.
    func write(to writer: inout JSONWriter) {
        writer.object(self.body == nil ? "get" : "post") { operation in
            operation.member("operationId", self.id)
            operation.member("summary", self.summary)
            operation.array("tags", [self.tag]) { $0.string($1) }
            if self.needsKey {
                operation.security("client")
            } else {
                operation.key("security")
                operation.raw(Array("[]".utf8))
            }
            if let parameter {
                operation.array("parameters", [parameter]) { writer, name in
                    writer.beginObject()
                    writer.member("name", name)
                    writer.member("in", "path")
                    writer.key("required")
                    writer.bool(true)
                    writer.key("schema")
                    writer.schema(.string(minimum: 1))
                    writer.endObject()
                }
            }
            if let body {
                operation.object("requestBody") { request in
                    request.key("required")
                    request.bool(true)
                    request.content("application/json", body)
                }
            }
            operation.object("responses") { responses in
                responses.object("200") { response in
                    response.member("description", "What was asked for.")
                    self.writeAnswer(to: &response)
                }
                responses.object("default") { response in
                    response.member("description", "A refusal, in the words of the door's API.")
                    response.content("application/json", .open([]))
                }
            }
        }
    }

    /// One event of a stream: OpenAPI 3.1 has no word for the stream as a whole.
    private static let event = APISchema.open([
        .init("event", .string(), required: false, "Its type, where Anthropic's clients are answered."),
        .init("data", .string(), "JSON; behind the last one of OpenAI's there is `[DONE]`."),
    ])

    private func writeAnswer(to writer: inout JSONWriter) {
        guard !self.answersText else { return writer.content("text/plain", .string()) }
        writer.object("content") { content in
            for type in ["application/json"] + (self.mayStream ? ["text/event-stream"] : []) {
                content.object(type) { media in
                    media.key("schema")
                    media.schema(type == "application/json" ? .open([]) : Self.event)
                }
            }
        }
    }
}
