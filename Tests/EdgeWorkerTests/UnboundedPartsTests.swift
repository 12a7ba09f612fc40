import Testing

@testable import EdgeWorker

/// What a body's bytes do not bound.
@Suite struct UnboundedPartsTests {
    private func parts(_ body: String) -> UnboundedParts {
        unsafe Array(body.utf8).withUnsafeBytes { unsafe UnboundedParts($0) }
    }

    @Test(arguments: [
        #"{"messages":[{"content":[{"type":"image_url","image_url":{"url":"x"}}]}]}"#, #"{"image_url":1}"#,
        #"{"a":{"type":"input_audio"}}"#, #"{"type":"file"}"#, "{\"type\" :\n\t\"file\"}", #"{"file_id":"f"}"#,
        #"{"tools":[{"type":"web_search_preview"}]}"#, #"{"tools":[{"type":"web_search_20250305"}]}"#,
        #"{"tools":[{"type":"code_interpreter"}]}"#, #"{"tools":[{"type":"mcp"}]}"#,
        #"{"content":[{"type":"image","source":{"type":"url","url":"https://a.example/b"}}]}"#,
        #"{"content":[{"type":"document","source":{"type":"base64","data":"AA=="}}]}"#,
        #"{"content":[{"source":{"type":"file","file_id":"f"}}]}"#, #"{"content":[{"type":"container_upload"}]}"#,
        #"{"tools":[{"type":"web_search_20250305","name":"web_search"}]}"#,
        #"{"tools":[{"type":"web_fetch_20250910"}]}"#, #"{"tools":[{"type":"code_execution_20250825"}]}"#,
        #"{"tools":[{"type":"computer_20250124"}]}"#, #"{"tools":[{"type":"text_editor_20250728"}]}"#,
        #"{"tools":[{"type":"bash_20250124"}]}"#, #"{"tools":[{"type":"memory_20250818"}]}"#,
        #"{"tools":[{"type":"tool_search_tool_regex_20251119"}]}"#, #"{"mcp_servers":[]}"#,
        #"{"context_management":{}}"#,
        #"{"messages":[{"role":"assistant","audio":{"id": "audio_67"}}]}"#, #"{"id":"audio_1"}"#,
        #"{"chat_template":"{% for i in range(100000) %}a{% endfor %}"}"#,
    ])
    func prompts(_ body: String) {
        #expect(self.parts(body) == .prompt)
    }

    @Test(arguments: [
        "", "{}", #"{"model":"m","messages":[{"role":"user","content":"an image_url, a file"}]}"#,
        // Quoted in a text.
        #"{"content":"say \"image_url\" and \"n_predict\" and \"type\":\"file\""}"#,
        // A tool of the caller's.
        #"{"tools":[{"type":"function","function":{"name":"web_search","parameters":{"properties":{"file":{}}}}}]}"#,
        #"{"tools":[{"name":"bash","input_schema":{"type":"object"}}],"thinking":{"type":"enabled","budget_tokens":9}}"#,
        #"{"messages":[{"content":[{"type":"tool_result","tool_use_id":"t","content":"memory"}]}]}"#,
        #"{"required":["file"],"enum":["audio","video","audio_1"]}"#, #"{"content":"audio_1","tool_call_id":"call_1"}"#,
        #"{"modalities":["text","audio"],"audio":{"voice":"alloy","format":"mp3"}}"#, #"{"":"audio_1"}"#,
        #"{"x":"image"}"#, #"{"a":"\u00e4\u00fc\n\u0000"}"#,
        #"{"a":"\\u0061 is how an a can be written"}"#, #"{"a":"\u003cb\u003e"}"#, #"{"xtype":"file"}"#,
        "\"", "\"i", #"{"a":"image_url"#,
    ])
    func nothing(_ body: String) {
        #expect(self.parts(body) == [])
    }

    @Test(arguments: [
        #"{"n_predict":9}"#, #"{"max_output_tokens":9}"#, #"{"prediction":{}}"#, #"{"best_of":2}"#,
    ])
    func outputs(_ body: String) {
        #expect(self.parts(body) == .output)
    }

    @Test(arguments: [
        #"{"im\u0061ge_url":1}"#, #"{"image\u005Furl":1}"#, #"{"a":"\u0041"}"#, #"{"a":"\\\u007a"}"#, #"{"\u006E":1}"#,
    ])
    func hiddenNames(_ body: String) {
        #expect(self.parts(body) == [.prompt, .output, .instructions, .services, .searches])
    }

    @Test(arguments: [#"{"web_search_options":{}}"#, #"{"search_parameters":{}}"#, #"{"plugins":[]}"#])
    func searches(_ body: String) {
        #expect(self.parts(body) == [.prompt, .searches])
    }

    @Test(arguments: [
        #"{"service_tier":"priority"}"#, #"{"service_tier":"auto"}"#, #"{"service_tier" : "ultrafast"}"#,
        #"{"service_tier":"flexible"}"#, #"{"service_tier":1}"#, #"{"service_tier":"flex","service_tier":"auto"}"#,
        #"{"speed":"fast"}"#, "{\"speed\":\n \"fast\"}", #"{"service_tier":"#,
    ])
    func services(_ body: String) {
        #expect(self.parts(body) == .services)
    }

    @Test(arguments: [
        #"{"service_tier":"default"}"#, "{\"service_tier\" :\t\"flex\"}", #"{"service_tier":null}"#,
        #"{"service_tier":"standard_only"}"#, #"{"service_tier":"batch"}"#, #"{"speed":"standard"}"#,
        #"{"properties":{"speed":{"type":"number"}}}"#, #"{"x":"service_tier_1"}"#,
        #"{"a":"say \"service_tier\":\"auto\""}"#,
    ])
    func cheapServices(_ body: String) {
        #expect(self.parts(body) == [])
    }

    @Test(arguments: [
        #"{"response_format":{"type":"json_object"}}"#, #"{"output_config":{"format":{"type":"json_schema"}}}"#,
        #"{"output_format":{}}"#, #"{"functions":[]}"#,
    ])
    func instructions(_ body: String) {
        #expect(self.parts(body) == .instructions)
    }

    @Test func both() {
        #expect(self.parts(#"{"n_predict":1,"image_url":2}"#) == [.prompt, .output])
    }
}
