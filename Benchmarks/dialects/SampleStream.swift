/// Streams in the shapes that providers were recorded with, some 500 events each.
struct SampleStream {
    /// Each with its blank line.
    var events: [[UInt8]]

    var bytes: Int { self.events.reduce(0) { $0 + $1.count } }

    /// Pieces of text as models write them; every eighth has something to escape.
    private static let words = [
        " the", " stream", " of", " words", " that", " a\\nmodel", " writes", ".", " It", " goes", " on", " in",
        " \\\"small\\\"", " pieces", ", é", " as ever",
    ]

    static func anthropicText(_ count: Int = 500) -> SampleStream {
        var data = [
            #"{"type":"message_start","message":{"model":"claude-sonnet-4-6","id":"msg_01SampleSampleSample","type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":2293,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":1,"service_tier":"standard"}}           }"#,
            #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}        }"#,
            #"{"type": "ping"}"#,
        ]
        for number in 0..<count {
            let padding = String(repeating: " ", count: number % 15)
            let text = Self.words[number % Self.words.count]
            data.append(
                #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\#(text)"}\#(padding)}"#)
        }
        data.append(#"{"type":"content_block_stop","index":0  }"#)
        return Self.anthropic(data, reason: "end_turn")
    }

    static func anthropicTool(_ count: Int = 500) -> SampleStream {
        var data = [
            #"{"type":"message_start","message":{"model":"claude-sonnet-4-6","id":"msg_01SampleSampleSample","type":"message","role":"assistant","content":[],"usage":{"input_tokens":2293,"output_tokens":1}}}"#,
            #"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_01Sample","name":"write_file","input":{}}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"lines\": [\"x\""}}"#,
        ]
        for number in 0..<count {
            data.append(
                #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":", \"line \#(number)\""}    }"#
            )
        }
        data.append(
            #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"]}"}}"#)
        data.append(#"{"type":"content_block_stop","index":0 }"#)
        return Self.anthropic(data, reason: "tool_use")
    }

    static func family(_ count: Int = 500) -> SampleStream {
        let head =
            #"{"id":"chatcmpl-CoDWyp2E1BNuDrOa4ZTIteBKS3LkS","object":"chat.completion.chunk","created":1766084448,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_1","#
        var data = [
            head
                + #""choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}"#
        ]
        for number in 0..<count {
            let text = Self.words[number % Self.words.count]
            data.append(
                head
                    + #""choices":[{"index":0,"delta":{"content":"\#(text)"},"logprobs":null,"finish_reason":null}]}"#)
        }
        data.append(head + #""choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}"#)
        data.append(
            head
                + #""choices":[],"usage":{"prompt_tokens":20,"completion_tokens":\#(count),"total_tokens":\#(count + 20)}}"#
        )
        data.append("[DONE]")
        return SampleStream(events: data.map { Array("data: \($0)\n\n".utf8) })
    }

    private static func anthropic(_ data: [String], reason: String) -> SampleStream {
        let end = [
            #"{"type":"message_delta","delta":{"stop_reason":"\#(reason)","stop_sequence":null},"usage":{"input_tokens":2293,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":512}    }"#,
            #"{"type":"message_stop"       }"#,
        ]
        let events = (data + end).map { data in
            let type = data.split(separator: "\"")[3]
            return Array("event: \(type)\ndata: \(data)\n\n".utf8)
        }
        return SampleStream(events: events)
    }
}
