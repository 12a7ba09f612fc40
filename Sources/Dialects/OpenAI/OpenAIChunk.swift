internal import Domain
internal import JSON

/// What matters of one JSON object that an OpenAI-like provider sent: a chunk of a stream, or a whole reply.
struct OpenAIChunk {
    /// Some choice holds something for the client: text, a tool call, reasoning, a refusal or a finish reason.
    var hasContent = false
    /// Some choice has a finish reason.
    var isFinish = false
    /// The last of them; `none` where no choice has one.
    var finish = FinishReason.none
    /// The choices it holds something of, and those that have a finish reason in it.
    var choices = ChoiceSet()
    var finished = ChoiceSet()
    /// `choices` is there and empty.
    var choicesAreEmpty = false
    /// `usage` is an object.
    var hasUsageObject = false
    /// Groq sends usage also, or only, inside `x_groq`.
    var usage: TokenUsage?
    /// What it says of the call besides.
    var terms = UsageTerms()
    /// `error` is there and says something.
    var hasError = false

    /// Reads the whole text of the cursor; nil where it is not one JSON object. Without `readsContent` nothing is learned of
    /// what the choices hold but their finish reasons. `countsImages`: what it holds as `data` are images.
    init?(_ cursor: inout JSONCursor, readsContent: Bool, countsImages: Bool = false) {
        guard cursor.enterObject() else { return nil }
        var groqUsage: TokenUsage?
        while let key = cursor.nextKey() {
            if cursor.matches(key, "choices"), cursor.kind == .array {
                self.readChoices(&cursor, readsContent)
            } else if cursor.matches(key, "usage"), cursor.kind == .object {
                self.hasUsageObject = true
                self.usage = OpenAIUsage.read(&cursor, ofImages: countsImages, &self.terms)
            } else if cursor.matches(key, "error") {
                self.hasError = Self.isTruthy(&cursor)
            } else if cursor.matches(key, "x_groq"), cursor.enterObject() {
                while let inner = cursor.nextKey() {
                    if cursor.matches(inner, "usage"), cursor.kind == .object {
                        groqUsage = OpenAIUsage.read(&cursor, &self.terms)
                    } else {
                        _ = cursor.skip()
                    }
                }
            } else if cursor.matches(key, "service_tier") {
                if let range = cursor.skip() { self.terms.service = ServiceWord.read(range, cursor) }
            } else if countsImages, cursor.matches(key, "data"), cursor.enterArray() {
                var images: Int64 = 0
                while cursor.nextElement(), cursor.skip() != nil { images &+= 1 }
                self.terms.set(.imageOutput, images)
            } else {
                _ = cursor.skip()
            }
        }
        guard cursor.isAtEnd else { return nil }
        self.usage = self.usage ?? groqUsage
    }

    private mutating func readChoices(_ cursor: inout JSONCursor, _ readsContent: Bool) {
        guard cursor.enterArray() else { return }
        self.choicesAreEmpty = true
        while cursor.nextElement() {
            self.choicesAreEmpty = false
            guard cursor.enterObject() else {
                _ = cursor.skip()
                continue
            }
            var place: Int64 = 0
            var isFinished = false
            while let key = cursor.nextKey() {
                if cursor.matches(key, "finish_reason") {
                    if self.readFinish(&cursor) { isFinished = true }
                } else if !readsContent {
                    _ = cursor.skip()
                } else if cursor.matches(key, "delta") || cursor.matches(key, "message"), cursor.kind == .object {
                    self.readDelta(&cursor)
                } else if cursor.matches(key, "text") {
                    if Self.isTruthy(&cursor) { self.hasContent = true }
                } else if cursor.matches(key, "index"), let range = cursor.skip() {
                    place = unsafe JSONScalar.integer(cursor.bytes(range)) ?? 0
                } else {
                    _ = cursor.skip()
                }
            }
            self.choices.insert(place)
            if isFinished { self.finished.insert(place) }
        }
    }

    /// Whether there is a reason.
    private mutating func readFinish(_ cursor: inout JSONCursor) -> Bool {
        guard let kind = cursor.kind, let range = cursor.skip(), Self.isTruthy(kind, range, cursor) else {
            return false
        }
        self.finish = unsafe FinishReason(openAI: cursor.bytes(range))
        self.isFinish = true
        self.hasContent = true
        return true
    }

    /// Providers put text under many names (`content`, `reasoning`, `reasoning_content`, `refusal`, `tool_calls` …);
    /// what is not the role and not empty is content.
    private mutating func readDelta(_ cursor: inout JSONCursor) {
        guard cursor.enterObject() else { return }
        while let key = cursor.nextKey() {
            if cursor.matches(key, "role") {
                _ = cursor.skip()
            } else if Self.isTruthy(&cursor) {
                self.hasContent = true
            }
        }
    }

    /// Steps over a value; whether Python, in which the SDK asks that question, would call it true.
    private static func isTruthy(_ cursor: inout JSONCursor) -> Bool {
        guard let kind = cursor.kind, let range = cursor.skip() else { return false }
        return Self.isTruthy(kind, range, cursor)
    }

    private static func isTruthy(_ kind: JSONCursor.Kind, _ range: Range<Int>, _ cursor: borrowing JSONCursor) -> Bool {
        let bytes = unsafe cursor.bytes(range)
        switch kind {
        case .string:
            return range.count > 2
        case .object, .array:
            for index in 1..<max(range.count &- 1, 1) where unsafe bytes[index] > 0x20 { return true }
            return false
        case .scalar:
            if unsafe JSONScalar.isNull(bytes) || JSONScalar.boolean(bytes) == false { return false }
            return unsafe JSONScalar.number(bytes) != 0
        }
    }
}
