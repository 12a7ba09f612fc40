internal import Domain
internal import JSON

/// Reasons for finishing in OpenAI's words.
enum OpenAIFinish {
    /// Writes the value of `finish_reason`. What it cannot say goes into `extras`, members of the same choice: the provider's own
    /// word, as OpenRouter names it, and the stop text that was met, as vLLM does.
    static func write(_ finish: ReplyFinish, extras: inout [RawMember], into writer: inout JSONWriter) {
        switch finish.reason {
        case .none, .stop, .other: writer.string("stop")
        case .length, .toolCalls, .contentFilter, .functionCall: writer.string(finish.reason.label)
        }
        if finish.reason == .other, let word = finish.word { self.add("native_finish_reason", word, &extras) }
        if let sequence = finish.stopSequence { self.add("stop_reason", sequence, &extras) }
    }

    private static func add(_ name: String, _ text: [UInt8], _ extras: inout [RawMember]) {
        let key = Array(name.utf8)
        guard !extras.contains(where: { $0.key == key }) else { return }
        var writer = JSONWriter()
        writer.string(text)
        extras.append(RawMember(key: key, value: writer.bytes))
    }
}
