import Domain
import Foundation
import JSON

/// What a client hears of a reply, read from JSON trees in the plainest way.
struct HeardReply: Equatable, CustomStringConvertible {
    struct Call: Equatable {
        var id: [UInt8]
        var name: [UInt8]
        var arguments: [UInt8]

        /// As a value, so that blanks do not count; no arguments are none.
        var value: JSONValue? {
            self.arguments.isEmpty ? .object([]) : try? JSONReader().read(self.arguments, maximumBytes: 1 << 24)
        }
    }

    struct Choice: Equatable {
        var text: [UInt8] = []
        var thinking: [UInt8] = []
        var refusal: [UInt8] = []
        var calls: [Call] = []
        var functionCall: Call?
        var finish: [UInt8] = []
    }

    var choices: [Int64: Choice] = [:]
    var prompt: Int64?
    var completion: Int64?
    var hasError = false

    var description: String {
        let choices = self.choices.sorted { $0.key < $1.key }.map { index, choice in
            func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
            let calls = choice.calls.map { "\(text($0.id)) \(text($0.name)) \(text($0.arguments))" }
            return
                "\(index): \(text(choice.text).suffix(80)) | \(text(choice.thinking).suffix(80)) | \(text(choice.refusal)) | \(calls) | \(text(choice.finish))"
        }
        return "\(choices) \(self.prompt ?? -1) \(self.completion ?? -1) \(self.hasError)"
    }

    // MARK: OpenAI's shapes, as loosely as providers keep to them

    /// One reply, or one chunk of a stream that began with what was heard so far.
    mutating func hear(_ tree: JSONValue, isStream: Bool) {
        if case .object? = tree["error"] { self.hasError = true }
        for case .some(let usage) in [tree["x_groq"]?["usage"], tree["usage"]] {
            guard let prompt = usage["prompt_tokens"]?.integer else { continue }
            self.prompt = prompt
            self.completion = usage["completion_tokens"]?.integer
            // Thoughts that were left out of the count, but for Mistral's sound, which stands only in the total.
            if let total = usage["total_tokens"]?.integer, let completion = self.completion,
                total > prompt + completion, (usage["prompt_audio_seconds"]?.integer ?? 0) == 0
            {
                self.completion = total - prompt
            }
        }
        for choice in tree["choices"]?.array ?? [] {
            let index = choice["index"]?.integer ?? 0
            var heard = self.choices[index] ?? Choice()
            heard.hear(choice, isStream: isStream)
            self.choices[index] = heard
        }
    }
}

extension HeardReply.Choice {
    mutating func hear(_ choice: JSONValue, isStream: Bool) {
        if let finish = choice["finish_reason"]?.string { self.finish = finish }
        self.text += choice["text"]?.string ?? []
        guard let message = isStream ? choice["delta"] : choice["message"] else { return }
        self.refusal += message["refusal"]?.string ?? []
        self.thinking += message["reasoning_content"]?.string ?? message["reasoning"]?.string ?? []
        self.text += message["content"]?.string ?? []
        for part in message["content"]?.array ?? [] {
            self.text += part["text"]?.string ?? []
            for thought in part["thinking"]?.array ?? [] { self.thinking += thought["text"]?.string ?? [] }
        }
        if let function = message["function_call"], case .object = function {
            self.functionCall = HeardReply.Call(
                id: [], name: (self.functionCall?.name ?? []) + (function["name"]?.string ?? []),
                arguments: (self.functionCall?.arguments ?? []) + (function["arguments"]?.string ?? []))
        }
        for call in message["tool_calls"]?.array ?? [] {
            let id = call["id"]?.string ?? []
            var place = id.isEmpty ? nil : self.calls.firstIndex { $0.id == id }
            if place == nil, id.isEmpty, isStream {
                place = call["index"]?.integer.map(Int.init) ?? self.calls.count - 1
            }
            if place == nil || !self.calls.indices.contains(place ?? -1) {
                place = self.calls.count
                self.calls.append(HeardReply.Call(id: id, name: [], arguments: []))
            }
            guard let place else { continue }
            self.calls[place].name += call["function"]?["name"]?.string ?? []
            self.calls[place].arguments += call["function"]?["arguments"]?.string ?? []
        }
    }
}

extension HeardReply {
    // MARK: Anthropic's shapes

    /// A whole message.
    static func message(_ tree: JSONValue) -> HeardReply {
        var heard = HeardReply()
        var choice = Choice()
        for block in tree["content"]?.array ?? [] { choice.hear(block: block) }
        choice.finish = tree["stop_reason"]?.string ?? []
        heard.choices[0] = choice
        heard.hear(usage: tree["usage"])
        return heard
    }

    /// The events of a stream, in their order.
    static func message(events: [JSONValue]) -> HeardReply {
        var heard = HeardReply()
        var choice = Choice()
        var call: [Int64: Int] = [:]
        for event in events {
            switch String(decoding: event["type"]?.string ?? [], as: UTF8.self) {
            case "message_start": heard.hear(usage: event["message"]?["usage"])
            case "content_block_start":
                guard let block = event["content_block"] else { continue }
                let count = choice.calls.count
                choice.hear(block: block)
                guard choice.calls.count > count else { continue }
                choice.calls[count].arguments = []
                call[event["index"]?.integer ?? 0] = count
            case "content_block_delta":
                let delta = event["delta"]
                choice.text += delta?["text"]?.string ?? []
                choice.thinking += delta?["thinking"]?.string ?? []
                if let place = call[event["index"]?.integer ?? 0] {
                    choice.calls[place].arguments += delta?["partial_json"]?.string ?? []
                }
            case "message_delta":
                choice.finish = event["delta"]?["stop_reason"]?.string ?? choice.finish
                heard.hear(usage: event["usage"])
            case "error": heard.hasError = true
            default: break
            }
        }
        heard.choices[0] = choice
        return heard
    }

    private mutating func hear(usage: JSONValue?) {
        guard let usage else { return }
        let parts = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"] as [StaticString]
        let counts = parts.compactMap { usage[$0]?.integer }
        if usage["input_tokens"]?.integer != nil { self.prompt = counts.reduce(0, +) }
        self.completion = usage["output_tokens"]?.integer ?? self.completion
    }
}

extension HeardReply.Choice {
    fileprivate mutating func hear(block: JSONValue) {
        switch String(decoding: block["type"]?.string ?? [], as: UTF8.self) {
        case "text": self.text += block["text"]?.string ?? []
        case "thinking": self.thinking += block["thinking"]?.string ?? []
        case "tool_use":
            var writer = JSONWriter()
            writer.value(block["input"] ?? .object([]))
            self.calls.append(
                HeardReply.Call(
                    id: block["id"]?.string ?? [], name: block["name"]?.string ?? [], arguments: writer.bytes))
        default: break
        }
    }
}
