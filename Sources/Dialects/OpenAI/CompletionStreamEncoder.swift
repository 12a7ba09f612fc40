internal import Domain
internal import JSON

/// Writes chunks of the old completions, which are text and nothing else: thoughts and tool calls have no place there. Pure.
struct CompletionStreamEncoder: StreamEncoder {
    /// Members that wait for a text go out alone beyond this.
    private static let maximumWaiting = 64
    private static let maximumWaitingBytes = 64 << 10

    private struct Choice {
        let index: Int
        var finish: ReplyFinish?
        var extras: [RawMember] = []
        var waitingBytes = 0
        var logprobs: [UInt8] = []
    }

    private var frame: ChunkFrame
    private var choices: [Choice] = []

    init(_ context: TranslationContext) {
        self.frame = ChunkFrame(context, object: "text_completion")
    }

    mutating func encode(_ event: ReplyEvent, into output: inout [UInt8]) {
        switch event {
        case .begin(let id, let model, let created): self.frame.begin(id: id, model: model, created: created)
        case .text(let choice, let text), .refusal(let choice, let text):
            if !text.isEmpty { self.chunk(self.place(choice), text, finish: nil, into: &output) }
        case .logprobs(let choice, let json):
            let place = self.place(choice)
            if !self.choices[place].logprobs.isEmpty { self.chunk(place, [], finish: nil, into: &output) }
            self.choices[place].logprobs = json
        case .choiceExtra(let choice, let member):
            let place = self.place(choice)
            self.choices[place].extras.removeAll { $0.key == member.key }
            self.choices[place].extras.append(member)
            self.choices[place].waitingBytes += member.key.count + member.value.count
            if self.choices[place].extras.count > Self.maximumWaiting
                || self.choices[place].waitingBytes > Self.maximumWaitingBytes
            {
                self.chunk(place, [], finish: nil, into: &output)
            }
        case .topExtra(let member): self.frame.take(member)
        case .finish(let choice, let finish): self.choices[self.place(choice)].finish = finish
        case .usage(_, let extras): self.frame.take(usageExtras: extras)
        case .thinking, .signature, .redactedThinking, .citation, .toolCall, .arguments, .extra, .error, .done: break
        }
    }

    mutating func end(usage: TokenUsage?, isEstimated: Bool, into output: inout [UInt8]) {
        self.choices.sort { $0.index < $1.index }
        for place in self.choices.indices {
            self.chunk(place, [], finish: self.choices[place].finish ?? ReplyFinish(.stop), into: &output)
        }
        self.frame.end(usage: usage, isEstimated: isEstimated, into: &output)
    }

    private mutating func place(_ choice: Int) -> Int {
        if let place = self.choices.firstIndex(where: { $0.index == choice }) { return place }
        self.choices.append(Choice(index: choice))
        return self.choices.count &- 1
    }

    private mutating func chunk(
        _ place: Int, _ text: [UInt8], finish: ReplyFinish?, into output: inout [UInt8]
    ) {
        let choice = self.choices[place]
        self.choices[place].extras = []
        self.choices[place].waitingBytes = 0
        self.choices[place].logprobs = []
        self.frame.write(into: &output) { output in
            var extras = choice.extras
            output.append(json: "{\"text\":")
            output.append(string: text)
            output.append(json: ",\"index\":")
            output.append { $0.integer(choice.index) }
            output.append(json: ",\"logprobs\":")
            if choice.logprobs.isEmpty {
                output.append(json: "null")
            } else {
                output.append(contentsOf: choice.logprobs)
            }
            output.append(json: ",\"finish_reason\":")
            if let finish {
                output.append { OpenAIFinish.write(finish, extras: &extras, into: &$0) }
            } else {
                output.append(json: "null")
            }
            for extra in extras { output.append(member: extra) }
            output.append(json: "}")
        }
    }
}
