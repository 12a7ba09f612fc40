internal import Domain
internal import JSON

/// Reads the whole replies of OpenAI-like providers, chats and old completions, whatever their peculiarities. Pure.
struct OpenAIReplyFamilyReader {
    private let context: TranslationContext

    /// The reply in `body`, a success by its status. Throws `provider` for an error inside it or an answer that was broken off.
    static func read(
        _ body: [UInt8], _ context: TranslationContext, reader: DialectReader
    ) throws(StreamFault) -> Reply {
        let tree: JSONValue
        do throws(JSONFault) {
            tree = try reader.trees.read(body, maximumBytes: body.count)
        } catch {
            throw .invalidResponse
        }
        guard case .object(let members) = tree else { throw .invalidResponse }
        if Self.isError(tree) {
            throw .provider(
                unsafe body.withUnsafeBytes {
                    unsafe ProviderErrorReader.read($0, status: 200, retryAfter: nil, context.row, reader: reader)
                }.error)
        }
        guard let choices = tree["choices"]?.array else { throw .invalidResponse }
        let this = OpenAIReplyFamilyReader(context: context)
        var reply = Reply()
        reply.id = tree["id"]?.string ?? []
        reply.model = tree["model"]?.string ?? []
        reply.created = tree["created"]?.integer.flatMap { $0 > 0 ? $0 : nil }
        for (position, choice) in choices.enumerated() { reply.choices.append(try this.choice(choice, position)) }
        reply.extras = members.others(than: ["id", "model", "created", "object", "choices", "usage", "error"])
        reply.terms.service = ServiceWord.read(tree["service_tier"])
        if let (usage, extras) = try Self.usage(body, reader, &reply.terms) {
            reply.usage = usage
            reply.usageExtras = extras.compactMap { member in
                guard let value = try? reader.trees.read(member.value, maximumBytes: member.value.count) else {
                    return nil
                }
                return JSONValue.Member(key: member.key, value: value)
            }
        }
        return reply
    }

    // MARK: The reply

    private static func isError(_ tree: JSONValue) -> Bool {
        switch tree["error"] {
        case nil, .null, .bool(false): break
        case .string(let text) where text.isEmpty: break
        case .object(let members) where members.isEmpty: break
        default: return true
        }
        if let object = tree["object"]?.string, JSONName.equals(object, "error") { return true }
        guard tree["choices"] == nil else { return false }
        return tree["detail"] != nil
            || tree["message"] != nil && (tree["code"] != nil || tree["type"] != nil || tree["status"] != nil)
    }

    /// Read as in a stream, so that both count alike.
    private static func usage(
        _ body: [UInt8], _ reader: DialectReader, _ terms: inout UsageTerms
    ) throws(StreamFault) -> (TokenUsage, [RawMember])? {
        var told = UsageTerms()
        defer { terms.update(told) }
        var usage: (TokenUsage, [RawMember])?
        var groq: (TokenUsage, [RawMember])?
        func take(_ cursor: inout JSONCursor, into place: inout (TokenUsage, [RawMember])?) throws(StreamFault) {
            let (usage, extras) = try OpenAIUsage.readAll(&cursor, &told)
            if let usage { place = (usage, extras) }
        }
        func walk(_ cursor: inout JSONCursor) throws(StreamFault) {
            _ = cursor.enterObject()
            while let key = cursor.nextKey() {
                if cursor.matches(key, "usage"), cursor.kind == .object {
                    try take(&cursor, into: &usage)
                } else if cursor.matches(key, "x_groq"), cursor.enterObject() {
                    while let inner = cursor.nextKey() {
                        if cursor.matches(inner, "usage"), cursor.kind == .object {
                            try take(&cursor, into: &groq)
                        } else {
                            _ = cursor.skip()
                        }
                    }
                } else {
                    _ = cursor.skip()
                }
            }
        }
        let fault = unsafe body.withUnsafeBytes { bytes in
            unsafe try? reader.indexer.read(bytes, capacity: bytes.count) { cursor -> StreamFault? in
                do throws(StreamFault) {
                    try walk(&cursor)
                    return nil
                } catch {
                    return error
                }
            }
        }
        if let fault { throw fault }
        return usage ?? groq
    }

    // MARK: Choices

    private func choice(_ value: JSONValue, _ position: Int) throws(StreamFault) -> ReplyChoice {
        guard case .object(let members) = value else { throw .invalidResponse }
        var choice = ReplyChoice(index: value["index"]?.integer.flatMap { Int(exactly: $0) } ?? position)
        var known: [StaticString] = ["index", "finish_reason", "logprobs", "message", "delta", "text"]
        // A choice that was filtered may have no message at all, and some send a delta instead of, or beside, one.
        if let message = [value["message"], value["delta"]].compactMap({ $0 }).first(where: { $0 != .null }) {
            self.read(message, into: &choice)
        }
        if let text = value["text"]?.string, !text.isEmpty { choice.parts.append(.text(TextPart(text))) }
        if let logprobs = value["logprobs"], logprobs != .null { choice.logprobs = logprobs }
        let hasCalls = choice.parts.contains { if case .toolCall = $0 { true } else { false } }
        choice.finish = ReplyFinish(hasCalls ? .toolCalls : .stop)
        if let word = value["finish_reason"]?.string, !word.isEmpty {
            guard !FinishWord.isBrokenOff(word) else { throw .provider(FinishWord.brokenOff) }
            choice.finish = FinishWord.finish(word)
        }
        if let sequence = value["stop_reason"]?.string, !sequence.isEmpty {
            // vLLM's: the stop text that was met.
            choice.finish.stopSequence = sequence
            known.append("stop_reason")
        }
        choice.extras = members.others(than: known)
        return choice
    }

    private func read(_ message: JSONValue, into choice: inout ReplyChoice) {
        guard case .object(let members) = message else { return }
        var known: [StaticString] = ["role", "content", "refusal", "tool_calls", "function_call"]
        self.readThoughts(message, into: &choice, &known)
        switch message["content"] {
        case .string(let text): if !text.isEmpty { choice.parts.append(.text(TextPart(text))) }
        case .array(let parts): for part in parts { self.readContentPart(part, into: &choice) }
        default: break
        }
        if let refusal = message["refusal"]?.string, !refusal.isEmpty { choice.parts.append(.refusal(refusal)) }
        for (place, call) in (message["tool_calls"]?.array ?? []).enumerated() {
            guard let function = call["function"] else { continue }
            var id = call["id"]?.string ?? []
            // Mistral has been seen to write the word.
            if id.isEmpty || JSONName.equals(id, "null") { id = ToolCallID.made(place, self.context.nonce) }
            choice.parts.append(.toolCall(Self.call(id, function)))
        }
        if let function = message["function_call"], function["name"] != nil {
            choice.parts.append(.toolCall(Self.call([], function)))
        }
        choice.messageExtras = members.others(than: known)
    }

    /// Thoughts, under whichever name; names that hold none are members like others.
    private func readThoughts(
        _ message: JSONValue, into choice: inout ReplyChoice, _ known: inout [StaticString]
    ) {
        var blocks: [Part] = []
        for block in message["thinking_blocks"]?.array ?? [] {
            if let data = block["data"]?.string {
                blocks.append(.redactedThinking(data))
            } else if let text = block["thinking"]?.string {
                blocks.append(.thinking(ThinkingPart(text, signature: block["signature"]?.string ?? [])))
            }
        }
        if !blocks.isEmpty { known.append("thinking_blocks") }
        choice.parts += blocks
        let names: [StaticString] = ["reasoning_content", "reasoning", "thinking"]
        for name in names {
            guard let text = message[name]?.string else { continue }
            known.append(name)
            // Providers that use two names say the same under both.
            if blocks.isEmpty, !text.isEmpty {
                blocks = [.thinking(ThinkingPart(text))]
                choice.parts += blocks
            }
        }
    }

    /// A part of a content that is a list, as Mistral sends it.
    private func readContentPart(_ part: JSONValue, into choice: inout ReplyChoice) {
        if let text = part.string ?? part["text"]?.string {
            if !text.isEmpty { choice.parts.append(.text(TextPart(text))) }
        } else if let thoughts = part["thinking"] {
            let text = thoughts.string ?? (thoughts.array ?? []).flatMap { $0["text"]?.string ?? $0.string ?? [] }
            if !text.isEmpty { choice.parts.append(.thinking(ThinkingPart(text))) }
        } else if let refusal = part["refusal"]?.string {
            choice.parts.append(.refusal(refusal))
        } else {
            choice.parts.append(.opaque(part))
        }
    }

    private static func call(_ id: [UInt8], _ function: JSONValue) -> ToolCall {
        let arguments: [UInt8] =
            switch function["arguments"] {
            case .string(let text): text
            case nil, .null: []
            case .some(let value):
                // Some give the arguments themselves instead of their text.
                {
                    var writer = JSONWriter()
                    writer.value(value)
                    return writer.bytes
                }()
            }
        return ToolCall(id: id, name: function["name"]?.string ?? [], arguments: arguments)
    }
}
