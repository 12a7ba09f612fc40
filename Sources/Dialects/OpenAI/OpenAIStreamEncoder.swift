internal import Domain
internal import JSON

/// Writes chunks of chat completions, in OpenAI's grammar whatever the provider's. Pure.
///
/// What comes beside a delta (further members, probabilities) waits for the choice's next delta; reasons for finishing wait for
/// the end, since some providers go on after one, or give it twice.
struct OpenAIStreamEncoder: StreamEncoder {
    /// Members that wait for a delta go out alone beyond this.
    private static let maximumWaitingBytes = 64 << 10
    private static let maximumWaiting = 64
    /// Thoughts are remembered up to this, to be told once more with their signature.
    private static let maximumThoughtBytes = 1 << 20

    private struct Choice {
        let index: Int
        var hasBegun = false
        var finish: ReplyFinish?
        var deltaExtras: [RawMember] = []
        var choiceExtras: [RawMember] = []
        var waitingBytes = 0
        var logprobs: [UInt8] = []
        /// Its tool calls: whether anything of the arguments came, and whether it is the legacy call.
        var calls: [(hasArguments: Bool, isLegacy: Bool)] = []
        var thought: [UInt8] = []
        var thoughtIsTooLong = false
        var citations = CitationAnnotations()
    }

    private var frame: ChunkFrame
    private let remembersThoughts: Bool
    private var choices: [Choice] = []

    init(_ context: TranslationContext) {
        self.frame = ChunkFrame(context, object: "chat.completion.chunk")
        self.remembersThoughts = context.row.signsThoughts
    }

    mutating func encode(_ event: ReplyEvent, into output: inout [UInt8]) {
        switch event {
        case .begin(let id, let model, let created): self.frame.begin(id: id, model: model, created: created)
        case .text(let choice, let text): self.text(choice, text, into: &output)
        case .refusal(let choice, let text): self.member("refusal", text, choice, into: &output)
        case .thinking(let choice, let text): self.thinking(choice, text, into: &output)
        case .signature(let choice, let signature): self.signature(choice, signature, into: &output)
        case .redactedThinking(let choice, let data): self.redacted(choice, data, into: &output)
        case .citation(let choice, let citation): self.citation(choice, citation, into: &output)
        case .toolCall(let choice, let index, let id, let name): self.toolCall(choice, index, id, name, into: &output)
        case .arguments(let choice, let index, let text): self.arguments(choice, index, text, into: &output)
        case .logprobs(let choice, let json):
            let place = self.place(choice)
            if !self.choices[place].logprobs.isEmpty { self.flush(place, into: &output) }
            self.choices[place].logprobs = json
        case .extra(let choice, let member):
            let place = self.place(choice)
            if self.choices[place].deltaExtras.contains(where: { $0.key == member.key }) {
                self.flush(place, into: &output)
            }
            self.choices[place].deltaExtras.append(member)
            self.wait(member, place, into: &output)
        case .choiceExtra(let choice, let member):
            let place = self.place(choice)
            self.choices[place].choiceExtras.removeAll { $0.key == member.key }
            self.choices[place].choiceExtras.append(member)
            self.wait(member, place, into: &output)
        case .topExtra(let member): self.frame.take(member)
        case .finish(let choice, let finish): self.choices[self.place(choice)].finish = finish
        case .usage(_, let extras): self.frame.take(usageExtras: extras)
        case .error, .done: break
        }
    }

    mutating func end(usage: TokenUsage?, isEstimated: Bool, into output: inout [UInt8]) {
        self.choices.sort { $0.index < $1.index }
        for place in self.choices.indices { self.end(place, into: &output) }
        self.frame.end(usage: usage, isEstimated: isEstimated, into: &output)
    }

    // MARK: Text

    private mutating func text(_ choice: Int, _ text: [UInt8], into output: inout [UInt8]) {
        guard !text.isEmpty else { return }
        self.choices[self.place(choice)].citations.take(text)
        self.member("content", text, choice, into: &output)
    }

    private mutating func member(
        _ name: StaticString, _ text: [UInt8], _ choice: Int, into output: inout [UInt8]
    ) {
        guard !text.isEmpty else { return }
        self.delta(self.begun(choice, into: &output), into: &output) { output in
            output.append(json: "\"")
            output.append(json: name)
            output.append(json: "\":")
            output.append(string: text)
        }
    }

    private mutating func thinking(_ choice: Int, _ text: [UInt8], into output: inout [UInt8]) {
        self.member("reasoning_content", text, choice, into: &output)
        guard self.remembersThoughts else { return }
        let place = self.place(choice)
        if self.choices[place].thought.count &+ text.count <= Self.maximumThoughtBytes {
            self.choices[place].thought += text
        } else {
            self.choices[place].thought = []
            self.choices[place].thoughtIsTooLong = true
        }
    }

    /// The thoughts once more, as the block that has to be sent back unchanged.
    private mutating func signature(_ choice: Int, _ signature: [UInt8], into output: inout [UInt8]) {
        let place = self.begun(choice, into: &output)
        let thought = self.choices[place].thought
        let isTooLong = self.choices[place].thoughtIsTooLong
        self.choices[place].thought = []
        self.choices[place].thoughtIsTooLong = false
        // A part of a block would be refused.
        guard !isTooLong, !signature.isEmpty else { return }
        self.delta(place, into: &output) { output in
            output.append(json: "\"thinking_blocks\":[{\"type\":\"thinking\",\"thinking\":")
            output.append(string: thought)
            output.append(json: ",\"signature\":")
            output.append(string: signature)
            output.append(json: "}]")
        }
    }

    private mutating func redacted(_ choice: Int, _ data: [UInt8], into output: inout [UInt8]) {
        self.delta(self.begun(choice, into: &output), into: &output) { output in
            output.append(json: "\"thinking_blocks\":[{\"type\":\"redacted_thinking\",\"data\":")
            output.append(string: data)
            output.append(json: "}]")
        }
    }

    private mutating func citation(_ choice: Int, _ citation: [UInt8], into output: inout [UInt8]) {
        // Citations are rare: the parser lives for this one.
        guard let value = try? JSONReader().read(citation, maximumBytes: citation.count) else { return }
        let place = self.begun(choice, into: &output)
        let annotation = self.choices[place].citations.annotation(value)
        self.delta(place, into: &output) { output in
            output.append(json: annotation == nil ? "\"citations\":[" : "\"annotations\":[")
            output.append { $0.value(annotation ?? value) }
            output.append(json: "]")
        }
    }

    // MARK: Tool calls

    private mutating func toolCall(
        _ choice: Int, _ index: Int, _ id: [UInt8], _ name: [UInt8], into output: inout [UInt8]
    ) {
        let place = self.place(choice)
        let isFirst = !self.choices[place].hasBegun
        self.choices[place].hasBegun = true
        while self.choices[place].calls.count <= index { self.choices[place].calls.append((false, false)) }
        self.choices[place].calls[index].isLegacy = id.isEmpty
        self.delta(place, into: &output) { output in
            if isFirst { output.append(json: "\"role\":\"assistant\",\"content\":null,") }
            guard !id.isEmpty else {
                output.append(json: "\"function_call\":{\"name\":")
                output.append(string: name)
                output.append(json: ",\"arguments\":\"\"}")
                return
            }
            output.append(json: "\"tool_calls\":[{\"index\":")
            output.append { $0.integer(index) }
            output.append(json: ",\"id\":")
            output.append(string: id)
            output.append(json: ",\"type\":\"function\",\"function\":{\"name\":")
            output.append(string: name)
            output.append(json: ",\"arguments\":\"\"}}]")
        }
    }

    private mutating func arguments(_ choice: Int, _ index: Int, _ text: [UInt8], into output: inout [UInt8]) {
        let place = self.place(choice)
        // A call that never began has no name to go on with.
        guard !text.isEmpty, self.choices[place].calls.indices.contains(index) else { return }
        self.choices[place].calls[index].hasArguments = true
        let isLegacy = self.choices[place].calls[index].isLegacy
        self.delta(place, into: &output) { output in
            if isLegacy {
                output.append(json: "\"function_call\":{\"arguments\":")
                output.append(string: text)
                output.append(json: "}")
            } else {
                output.append(json: "\"tool_calls\":[{\"index\":")
                output.append { $0.integer(index) }
                output.append(json: ",\"function\":{\"arguments\":")
                output.append(string: text)
                output.append(json: "}}]")
            }
        }
    }

    // MARK: Choices

    private mutating func place(_ choice: Int) -> Int {
        if let place = self.choices.firstIndex(where: { $0.index == choice }) { return place }
        self.choices.append(Choice(index: choice))
        return self.choices.count &- 1
    }

    /// The choice's place; its role goes out first, once, as OpenAI does it.
    private mutating func begun(_ choice: Int, into output: inout [UInt8]) -> Int {
        let place = self.place(choice)
        guard !self.choices[place].hasBegun else { return place }
        self.choices[place].hasBegun = true
        let index = self.choices[place].index
        self.frame.write(into: &output) { output in
            Self.open(index, into: &output)
            output.append(json: "\"role\":\"assistant\",\"content\":\"\",\"refusal\":null")
            output.append(json: "},\"logprobs\":null,\"finish_reason\":null}")
        }
        return place
    }

    private mutating func wait(_ member: RawMember, _ place: Int, into output: inout [UInt8]) {
        self.choices[place].waitingBytes += member.key.count + member.value.count
        let count = self.choices[place].deltaExtras.count + self.choices[place].choiceExtras.count
        if self.choices[place].waitingBytes > Self.maximumWaitingBytes || count > Self.maximumWaiting {
            self.flush(place, into: &output)
        }
    }

    /// Sends what waits for a delta in one of its own.
    private mutating func flush(_ place: Int, into output: inout [UInt8]) {
        let place = self.begun(self.choices[place].index, into: &output)
        self.delta(place, into: &output) { _ in }
    }

    private mutating func end(_ place: Int, into output: inout [UInt8]) {
        let choice = self.choices[place]
        for (index, call) in choice.calls.enumerated() where !call.hasArguments {
            // A tool without arguments: what OpenAI writes is JSON, too.
            self.arguments(choice.index, index, Array("{}".utf8), into: &output)
        }
        if !self.choices[place].deltaExtras.isEmpty || !choice.hasBegun { _ = self.begun(choice.index, into: &output) }
        let finish = choice.finish ?? ReplyFinish(choice.calls.isEmpty ? .stop : .toolCalls)
        self.delta(place, finish: finish, into: &output) { _ in }
    }

    /// Appends a chunk of one choice, with what waited for it.
    private mutating func delta(
        _ place: Int, finish: ReplyFinish? = nil, into output: inout [UInt8], _ members: (inout [UInt8]) -> Void
    ) {
        let index = self.choices[place].index
        guard finish != nil || self.choices[place].waitingBytes > 0 || !self.choices[place].logprobs.isEmpty else {
            return self.frame.write(into: &output) { output in
                Self.open(index, into: &output)
                members(&output)
                output.append(json: "},\"logprobs\":null,\"finish_reason\":null}")
            }
        }
        let extras = self.choices[place].deltaExtras
        var choiceExtras = self.choices[place].choiceExtras
        let logprobs = self.choices[place].logprobs
        self.choices[place].deltaExtras = []
        self.choices[place].choiceExtras = []
        self.choices[place].logprobs = []
        self.choices[place].waitingBytes = 0
        self.frame.write(into: &output) { output in
            Self.open(index, into: &output)
            let start = output.count
            members(&output)
            for extra in extras {
                output.append(member: extra)
            }
            // Each member brought the comma before it.
            if output.count > start, output[start] == UInt8(ascii: ",") { output.remove(at: start) }
            output.append(json: "},\"logprobs\":")
            if logprobs.isEmpty { output.append(json: "null") } else { output.append(contentsOf: logprobs) }
            output.append(json: ",\"finish_reason\":")
            if let finish {
                output.append { OpenAIFinish.write(finish, extras: &choiceExtras, into: &$0) }
            } else {
                output.append(json: "null")
            }
            for extra in choiceExtras { output.append(member: extra) }
            output.append(json: "}")
        }
    }

    private static func open(_ index: Int, into output: inout [UInt8]) {
        guard index != 0 else { return output.append(json: "{\"index\":0,\"delta\":{") }
        output.append(json: "{\"index\":")
        output.append { $0.integer(index) }
        output.append(json: ",\"delta\":{")
    }
}
