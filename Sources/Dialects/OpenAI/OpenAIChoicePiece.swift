internal import Domain
internal import JSON

/// What one chunk says of one choice, as it stands there.
struct OpenAIChoicePiece {
    /// The highest number that a choice may have: OpenAI makes 128 at most.
    private static let maximumIndex: Int64 = 127

    var index: Int
    /// What is new. Perplexity sends what there is so far as `message` beside it, others send the only piece there.
    var delta: OpenAIMessagePiece?
    private var message: OpenAIMessagePiece?
    /// Of the old completions.
    var text: [UInt8] = []
    var logprobs: [UInt8]?
    var finish: ReplyFinish?
    /// The word that stands for the finish says that the provider broke off.
    var isBrokenOff = false
    /// Further members of the choice.
    var extras: [RawMember] = []

    /// Reads the object in front of the cursor; `position` is its place in the list.
    init(_ cursor: inout JSONCursor, position: Int) throws(StreamFault) {
        self.index = position
        _ = cursor.enterObject()
        while let key = cursor.nextKey() { try self.read(key, &cursor) }
        guard self.index <= Self.maximumIndex else { throw .invalidResponse }
    }

    /// What is new of the message.
    var news: OpenAIMessagePiece? { self.delta ?? self.message }

    private mutating func read(_ key: Range<Int>, _ cursor: inout JSONCursor) throws(StreamFault) {
        if cursor.matches(key, "delta") {
            if cursor.kind == .object { self.delta = try OpenAIMessagePiece(&cursor) } else { _ = cursor.skip() }
        } else if cursor.matches(key, "index") {
            guard let range = cursor.skip() else { throw .invalidResponse }
            guard let index = unsafe JSONScalar.integer(cursor.bytes(range)) else { return }
            guard 0...Self.maximumIndex ~= index else { throw .invalidResponse }
            self.index = Int(index)
        } else if cursor.matches(key, "finish_reason") {
            try self.readFinish(&cursor)
        } else if cursor.matches(key, "logprobs") {
            self.logprobs = try cursor.json()
        } else if cursor.matches(key, "text") {
            self.text = try cursor.string() ?? []
        } else if cursor.matches(key, "message"), cursor.kind == .object {
            self.message = try OpenAIMessagePiece(&cursor)
        } else if cursor.matches(key, "stop_reason"), cursor.kind == .string {
            // vLLM's: the stop text that was met.
            let word = try cursor.string() ?? []
            self.stopSequence = word.isEmpty ? nil : word
        } else if let member = try cursor.member(key) {
            self.extras.append(member)
        }
        if let stopSequence = self.stopSequence { self.finish?.stopSequence = stopSequence }
    }

    private var stopSequence: [UInt8]?

    private mutating func readFinish(_ cursor: inout JSONCursor) throws(StreamFault) {
        guard cursor.kind == .string, let range = cursor.skip() else {
            _ = cursor.skip()
            return
        }
        let word = try cursor.unescaped(range.lowerBound &+ 1..<range.upperBound &- 1)
        guard !word.isEmpty else { return }
        self.isBrokenOff = FinishWord.isBrokenOff(word)
        self.finish = FinishWord.finish(word)
    }
}
