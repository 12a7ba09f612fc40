/// One choice of a simulated answer, thought out in full: what is said, in which tokens, and why it ends.
struct SimulatedChoice {
    /// A call's id and function name; its arguments are the text.
    struct Call {
        var id: [UInt8]
        var name: [UInt8]
    }

    var call: Call?
    /// Valid UTF-8: the content, or a call's arguments.
    var text: [UInt8]
    /// Pieces of `text`, in order.
    var tokens: [Range<Int>]
    /// `stop`, `length` or `tool_calls`.
    var finishReason: String

    /// Tokens the choice counts for.
    var completionTokens: Int {
        self.tokens.count + (self.call.map { SimulatedTokenizer.count($0.name) } ?? 0)
    }

    init(_ request: SimulatedChatRequest, index: Int) {
        let seed = request.seed &+ UInt64(index) &* 0x9E37_79B9
        self.finishReason = "stop"
        self.tokens = []
        switch request.shape {
        case .text:
            self.text = SimulatedText.answer(to: request.lastPrompt, seed: seed)
        case .jsonObject:
            self.text = Array(#"{"answer":"simulated"}"#.utf8)
        case .schema(let schema):
            self.text = SimulatedArguments.make(for: schema)
        case .call(let call):
            self.text = SimulatedArguments.makeObject(for: call.parameters)
            self.call = Call(id: Self.callID(seed), name: call.name)
            self.tokens = SimulatedTokenizer.tokens(self.text)
            self.finishReason = "tool_calls"
            return
        }
        self.cut(atFirstOf: request.stops)
        self.tokens = SimulatedTokenizer.tokens(self.text)
        if let maximum = request.maximumTokens, maximum < self.tokens.count {
            self.tokens.removeLast(self.tokens.count - maximum)
            self.text.removeLast(self.text.count - (self.tokens.last?.upperBound ?? 0))
            self.finishReason = "length"
        }
    }

    private mutating func cut(atFirstOf stops: [[UInt8]]) {
        guard !stops.isEmpty else { return }
        for start in self.text.indices where stops.contains(where: { self.text[start...].starts(with: $0) }) {
            self.text.removeLast(self.text.count - start)
            return
        }
    }

    private static func callID(_ seed: UInt64) -> [UInt8] {
        let digits = String(seed, radix: 16)
        return Array("call_".utf8) + Array(String(repeating: "0", count: 16 - digits.utf8.count).utf8)
            + Array(digits.utf8)
    }
}
