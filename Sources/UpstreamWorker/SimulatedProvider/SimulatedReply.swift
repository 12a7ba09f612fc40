internal import Dialects
internal import Domain
internal import JSON

/// What the simulated provider answers to a body, before any pace. Pure but for the reader.
enum SimulatedReply {
    case whole(status: UInt16, body: [UInt8], tokens: Int)
    case stream(SimulatedChat)

    /// Bytes of the largest body that is read.
    static let maximumBody = 64 << 20

    /// `created` is in seconds since 1970.
    init(to body: [UInt8], at endpoint: Endpoint, record: RecordID, created: UInt64, reader: JSONReader) {
        do throws(GatewayError) {
            let value: JSONValue
            do throws(JSONFault) {
                value = try reader.read(body, maximumBytes: Self.maximumBody)
            } catch {
                throw SimulatedFault.invalid("We could not parse the JSON body of your request.", code: "invalid_json")
            }
            switch endpoint {
            case .embeddings:
                self = .whole(status: 200, body: try SimulatedEmbeddings(value).body(), tokens: 0)
            case .chatCompletions:
                let chat = SimulatedChat(
                    try SimulatedChatRequest(value), id: record.description, created: created)
                self = chat.isStream ? .stream(chat) : .whole(status: 200, body: chat.body(), tokens: chat.length)
            case .messages, .countTokens, .completions, .moderations, .imageGenerations:
                throw SimulatedFault.invalid(
                    "The simulated provider does not serve this.", code: "unsupported_endpoint")
            }
        } catch {
            self = .whole(status: error.status, body: OpenAIErrorBody.render(error), tokens: 0)
        }
    }
}
