import Dialects
import Domain

@testable import UpstreamWorker

/// Replies in Anthropic's words, made for these tests.
enum AnthropicText {
    static func event(_ type: String, _ members: String = "") -> String {
        "event: \(type)\ndata: {\"type\":\"\(type)\"\(members.isEmpty ? "" : ",")\(members)}\n\n"
    }

    static let start = Self.event(
        "message_start",
        """
        "message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-test","content":[],\
        "stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}
        """)
    /// As from a server that tells no usage.
    static let silentStart = Self.event(
        "message_start",
        #""message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-test","content":[]}"#)
    static let blockStart = Self.event(
        "content_block_start", #""index":0,"content_block":{"type":"text","text":""}"#)
    static let ping = Self.event("ping")
    static let blockStop = Self.event("content_block_stop", #""index":0"#)
    static let delta = Self.event(
        "message_delta", #""delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}"#)
    static let silentDelta = Self.event(
        "message_delta", #""delta":{"stop_reason":"end_turn","stop_sequence":null}"#)
    static let stop = Self.event("message_stop")
    static let error = Self.event("error", #""error":{"type":"overloaded_error","message":"Overloaded"}"#)

    static func text(_ text: String) -> String {
        Self.event("content_block_delta", #""index":0,"delta":{"type":"text_delta","text":"\#(text)"}"#)
    }

    static let stream = start + blockStart + ping + text("Hi") + blockStop + delta + stop

    static func reply(_ text: String, usage: String = #"{"input_tokens":9,"output_tokens":2}"#) -> String {
        """
        {"id":"msg_1","type":"message","role":"assistant","model":"claude-test",\
        "content":[{"type":"text","text":"\(text)"}],"stop_reason":"end_turn","stop_sequence":null,"usage":\(usage)}
        """
    }
}

extension ReplyDialect {
    /// At OpenAI's chat, of a provider that speaks Anthropic's; or the other way round.
    static func translated(
        isStream: Bool, wantsUsage: Bool = true, at endpoint: Endpoint = .chatCompletions,
        of dialect: Dialect = .anthropic
    ) -> ReplyDialect {
        ReplyDialect(
            TranslationContext(
                endpoint: endpoint, row: ProviderTable.row(dialect), provider: "test", isStream: isStream,
                wantsUsage: wantsUsage, nonce: Array("n1".utf8), now: 1_700_000_000), reader: DialectReader())
    }
}
