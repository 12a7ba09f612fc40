internal import Domain

/// The words under which OpenAI-like providers say why a choice ended.
enum FinishWord {
    /// The reason; the word itself is kept where OpenAI has none for it.
    static func finish(_ word: [UInt8]) -> ReplyFinish {
        let reason = self.reason(word)
        return ReplyFinish(reason, word: reason == .other ? word : nil)
    }

    /// Whether the word says that the provider could not go on: OpenRouter and vLLM say `error` or `abort`, DeepSeek
    /// `insufficient_system_resource`.
    static func isBrokenOff(_ word: [UInt8]) -> Bool {
        self.isOne(of: ["error", "abort", "insufficient_system_resource"], word)
    }

    /// What the gateway says of such a reply.
    static let brokenOff =
        GatewayError(
            code: "provider_error", type: "server_error", status: 502, source: .provider, retry: .later,
            message: "The provider broke off its answer.")

    /// The reason alone.
    static func reason(_ word: some RandomAccessCollection<UInt8>) -> FinishReason {
        if self.isOne(of: ["stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_token", "completed"], word) {
            return .stop
        }
        if self.isOne(
            of: ["length", "max_tokens", "max_length", "model_length", "model_context_window_exceeded"], word)
        {
            return .length
        }
        if self.isOne(of: ["tool_calls", "tool_call", "tool_use"], word) { return .toolCalls }
        if self.isOne(of: ["content_filter", "content_filtered", "refusal", "safety"], word) { return .contentFilter }
        return self.isOne(of: ["function_call"], word) ? .functionCall : .other
    }

    /// Whether it is one of these, in whatever case.
    private static func isOne(of names: [StaticString], _ word: some RandomAccessCollection<UInt8>) -> Bool {
        names.contains { name in
            let bytes = unsafe UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
            return unsafe bytes.elementsEqual(word) { $0 == (0x41...0x5A ~= $1 ? $1 | 0x20 : $1) }
        }
    }
}
