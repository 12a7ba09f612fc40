internal import Domain

extension FinishReason {
    /// Reads a `finish_reason` that says something: the bytes of a JSON string with its quotes. Beside OpenAI's own words it
    /// knows those under which some providers say the same.
    init(openAI bytes: UnsafeRawBufferPointer) {
        func isWord(_ word: StaticString) -> Bool {
            guard bytes.count == word.utf8CodeUnitCount + 2 else { return false }
            for index in 0..<word.utf8CodeUnitCount {
                guard unsafe bytes[index + 1] == word.utf8Start[index] else { return false }
            }
            return true
        }
        if isWord("stop") || isWord("eos") || isWord("end_turn") || isWord("stop_sequence") {
            self = .stop
        } else if isWord("length") || isWord("max_tokens") || isWord("model_length") {
            self = .length
        } else if isWord("tool_calls") || isWord("tool_use") {
            self = .toolCalls
        } else if isWord("content_filter") {
            self = .contentFilter
        } else if isWord("function_call") {
            self = .functionCall
        } else {
            self = .other
        }
    }
}
