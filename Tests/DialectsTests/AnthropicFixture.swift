/// Streams written for these tests, in the shapes that Anthropic was seen to use.
struct AnthropicFixture: CustomStringConvertible, Sendable {
    var name: String
    /// The data of its events.
    var events: [String]

    var description: String { self.name }

    init(_ name: String, _ events: [String]) {
        self.name = name
        self.events = events
    }

    var body: [UInt8] { Array(self.events.map(Self.event).joined().utf8) }

    /// With the padding in front of the last brace that real streams have.
    static func event(_ data: String) -> String {
        let type = data.split(separator: "\"", maxSplits: 4).dropFirst(3).first ?? "x"
        return "event: \(type)\ndata: \(data.dropLast())     }\n\n"
    }

    static let start =
        #"{"type":"message_start","message":{"model":"claude-x","id":"msg_01","type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":20,"cache_creation_input_tokens":9,"cache_read_input_tokens":5,"cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":7},"output_tokens":1,"service_tier":"standard"}}}"#
    static let ping = #"{"type": "ping"}"#
    static let stop = #"{"type":"message_stop"}"#

    static func begin(_ index: Int, _ block: String) -> String {
        #"{"type":"content_block_start","index":\#(index),"content_block":\#(block)}"#
    }
    static func delta(_ index: Int, _ type: String, _ member: String) -> String {
        #"{"type":"content_block_delta","index":\#(index),"delta":{"type":"\#(type)",\#(member)}}"#
    }
    static func text(_ index: Int, _ text: String) -> String {
        self.delta(index, "text_delta", #""text":"\#(text)""#)
    }
    static func json(_ index: Int, _ json: String) -> String {
        self.delta(index, "input_json_delta", #""partial_json":"\#(json)""#)
    }
    static func end(_ index: Int) -> String { #"{"type":"content_block_stop","index":\#(index)}"# }
    static func finish(_ reason: String, _ usage: String = #"{"output_tokens":12}"#) -> String {
        #"{"type":"message_delta","delta":{"stop_reason":"\#(reason)","stop_sequence":null},"usage":\#(usage)}"#
    }

    static let plain = AnthropicFixture(
        "text",
        [
            Self.start, Self.begin(0, #"{"type":"text","text":""}"#), Self.ping, Self.text(0, "Hé\\n\\ud83d\\ude00"),
            Self.text(0, " [DONE] \\\"usage\\\":{"), Self.end(0), Self.finish("end_turn"), Self.stop,
        ])

    static let tools = AnthropicFixture(
        "tools",
        [
            Self.start, Self.begin(0, #"{"type":"text","text":""}"#), Self.text(0, "I look."), Self.end(0),
            Self.begin(1, #"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}"#),
            Self.json(1, ""), Self.json(1, "{\\\"query\\\": 1}"), Self.end(1),
            Self.begin(2, #"{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"title":"x"}]}"#),
            Self.end(2), Self.begin(3, #"{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}"#),
            Self.json(3, ""), Self.json(3, "{\\\"city\\\": \\\"Pa"), Self.json(3, "ris }\\\"}"), Self.end(3),
            Self.begin(4, #"{"type":"tool_use","id":"toolu_2","name":"now","input":{},"caller":{"type":"direct"}}"#),
            Self.end(4), Self.begin(5, #"{"type":"tool_use","id":"toolu_3","name":"whole","input":{"a":[1]}}"#),
            Self.end(5), Self.finish("tool_use"), Self.stop,
        ])

    static let thinking = AnthropicFixture(
        "thinking",
        [
            Self.start, Self.begin(0, #"{"type":"thinking","thinking":"","signature":""}"#),
            Self.delta(0, "thinking_delta", #""thinking":"Let me""#), Self.ping,
            Self.delta(0, "thinking_delta", #""thinking":" see""#), Self.delta(0, "thinking_delta", #""thinking":"""#),
            Self.delta(0, "signature_delta", #""signature":"c2ln""#), Self.end(0),
            Self.begin(1, #"{"type":"redacted_thinking","data":"c2VjcmV0"}"#), Self.end(1),
            Self.begin(2, #"{"type":"text","text":"","citations":[]}"#), Self.text(2, "So"),
            Self.delta(2, "citations_delta", #""citation":{"type":"page_location","cited_text":"a\nb","n":1}"#),
            Self.end(2),
            Self.finish(
                "end_turn",
                #"{"input_tokens":31,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":12,"output_tokens_details":{"thinking_tokens":7},"server_tool_use":{"web_search_requests":1},"iterations":null}"#
            ), Self.stop,
        ])

    static let all = [
        Self.plain, Self.tools, Self.thinking,
        AnthropicFixture(
            "refusal",
            [
                Self.start, Self.begin(0, #"{"type":"text","text":""}"#), Self.end(0),
                #"{"type":"message_delta","delta":{"stop_reason":"refusal","stop_sequence":null,"stop_details":{"type":"refusal","category":"cyber","explanation":"Not that."}},"usage":{"output_tokens":0}}"#,
                Self.stop,
            ]),
        AnthropicFixture(
            "compaction",
            [
                Self.start, Self.begin(0, #"{"type":"compaction","content":null}"#),
                Self.delta(0, "compaction_delta", #""content":"The user said much.""#), Self.end(0),
                Self.begin(1, #"{"type":"text","text":""}"#), Self.text(1, "Hi"), Self.end(1),
                Self.finish("end_turn"), Self.stop,
            ]),
        AnthropicFixture(
            "cut off inside a call",
            [
                Self.start, Self.begin(0, #"{"type":"tool_use","id":"toolu_1","name":"file","input":{}}"#),
                Self.json(0, ""), Self.json(0, "{\\\"name\\\": \\\"ta"), Self.finish("max_tokens"), Self.stop,
            ]),
        AnthropicFixture(
            "unknown events and blocks",
            [
                Self.start, #"{"type":"message_note","note":[1]}"#, Self.begin(0, #"{"type":"hologram","x":{}}"#),
                Self.delta(0, "hologram_delta", #""x":1"#), Self.end(0), Self.begin(1, #"{"type":"text","text":"a"}"#),
                Self.text(1, "b"), Self.end(1), Self.finish("end_turn"), Self.stop,
            ]),
    ]
}
