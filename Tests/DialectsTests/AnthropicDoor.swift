import Domain
import JSON

@testable import Dialects

/// Contexts and shortcuts of tests about Anthropic's requests.
enum AnthropicDoor {
    static func context(
        _ endpoint: Endpoint = .messages, drops: Bool = false, maximumOutput: Int64? = nil
    ) -> TranslationContext {
        TranslationContext(
            endpoint: endpoint, row: ProviderTable.row(.anthropic), provider: "claude", dropsUnsupported: drops,
            maximumOutput: maximumOutput, nonce: Array("n1".utf8))
    }

    static func tree(_ text: String) throws -> JSONValue {
        try JSONReader().read(Array(text.utf8), maximumBytes: 1 << 24)
    }

    static func read(_ text: String, _ endpoint: Endpoint = .messages) throws -> Conversation {
        try AnthropicRequestReader.read(self.tree(text), self.context(endpoint))
    }

    /// What is written of a conversation that came in at OpenAI's door.
    static func write(_ conversation: Conversation, _ context: TranslationContext? = nil) throws -> String {
        let bytes = try AnthropicRequestWriter.write(
            conversation, context ?? self.context(.chatCompletions), reader: DialectReader())
        // Every body is JSON.
        _ = try JSONReader().read(bytes, maximumBytes: 1 << 24)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The fault that `body` ends in, as `param: message`.
    static func fault(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch let error as GatewayError {
            guard error.status == 400, error.source == .client else { return "\(error)" }
            return "\(error.param ?? "-"): \(error.message)"
        } catch {
            return "\(error)"
        }
    }
}

extension String {
    var bytes: [UInt8] { Array(self.utf8) }
}

extension Part {
    static func text(_ text: String) -> Part { .text(TextPart(text.bytes)) }

    static func call(_ id: String, _ name: String, _ arguments: String) -> Part {
        .toolCall(ToolCall(id: id.bytes, name: name.bytes, arguments: arguments.bytes))
    }

    static func result(_ id: String, _ text: String) -> Part {
        .toolResult(ToolResult(id: id.bytes, parts: [.text(text)]))
    }
}

extension Conversation {
    /// One question.
    static func question(_ model: String = "claude-sonnet-4-5", _ text: String = "Hi") -> Conversation {
        Conversation(model: model.bytes, turns: [Turn(.user, [.text(text)])])
    }
}
