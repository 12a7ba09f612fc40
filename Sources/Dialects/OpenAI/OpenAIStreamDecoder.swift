internal import Domain
internal import JSON

/// Reads the chunks of OpenAI-like providers, whatever their peculiarities. Pure.
///
/// Nothing is built but what is told: an event of one piece of text costs one array. Members that say the same in every chunk,
/// such as Perplexity's citations, are told when they change.
struct OpenAIStreamDecoder: StreamDecoder {
    /// Members of chunks that are remembered, and the bytes of the largest of them.
    private static let maximumRemembered = 16
    private static let maximumRememberedBytes = 64 << 10

    /// What a chunk says beside its choices.
    private struct Chunk {
        var id: [UInt8] = []
        var model: [UInt8] = []
        var created: Int64?
        var usage: (TokenUsage, [RawMember])?
        var groqUsage: (TokenUsage, [RawMember])?
        var extras: [RawMember] = []
        var hasChoices = false
        var isBrokenOff = false
        /// There is an error: the whole payload says it, or Groq's member of these bytes.
        var hasError = false
        var groqError: [UInt8]?

        /// Of what has no choices: some say an error without the member `error`, as they do outside of streams.
        var looksLikeError: Bool {
            func has(_ name: StaticString) -> Bool { self.extras.contains { JSONName.equals($0.key, name) } }
            return has("detail") || has("message") && (has("code") || has("type") || has("status"))
        }
    }

    private let context: TranslationContext
    private var hasID = false
    private var hasModel = false
    private var hasTime = false
    private var remembered: [RawMember] = []
    private var calls: [ToolCallTracker] = []
    private(set) var terms = UsageTerms()

    init(_ context: TranslationContext) {
        self.context = context
    }

    mutating func decode(
        _ raw: UnsafeRawBufferPointer, with reader: DialectReader, into events: inout [ReplyEvent]
    ) throws(StreamFault) {
        let start = events.count
        var fault: StreamFault?
        switch unsafe SSEEvent.payload(of: raw) {
        case .none: return
        case .line(let range):
            let payload = unsafe UnsafeRawBufferPointer(rebasing: raw[range])
            unsafe fault = self.decode(payload, capacity: raw.count &- range.lowerBound, raw, reader, &events)
        case .joined(let bytes):
            unsafe bytes.withUnsafeBytes { payload in
                unsafe fault = self.decode(payload, capacity: payload.count, raw, reader, &events)
            }
        }
        guard let fault else { return }
        events.removeSubrange(start...)
        throw fault
    }

    private mutating func decode(
        _ payload: UnsafeRawBufferPointer, capacity: Int, _ raw: UnsafeRawBufferPointer, _ reader: DialectReader,
        _ events: inout [ReplyEvent]
    ) -> StreamFault? {
        // An empty payload is no message for anybody.
        guard let first = unsafe payload.firstIndex(where: { $0 > 0x20 }) else { return nil }
        if unsafe Self.isDone(payload, from: first) {
            for place in self.calls.indices { self.calls[place].settle(into: &events) }
            events.append(.done)
            return nil
        }
        let start = events.count
        var chunk = Chunk()
        var fault: StreamFault?
        do throws(JSONFault) {
            fault = unsafe try reader.indexer.read(payload, capacity: capacity) { cursor in
                do throws(StreamFault) {
                    try self.read(&cursor, into: &chunk, &events)
                    return nil
                } catch {
                    return error
                }
            }
        } catch {
            fault = .invalidResponse
        }
        if let fault { return fault }
        let begins = self.takeHead(chunk)
        if !begins.isEmpty { events.insert(contentsOf: begins, at: start) }
        if let usage = chunk.usage ?? chunk.groqUsage { events.append(.usage(usage.0, extras: usage.1)) }
        if unsafe chunk.hasError || (!chunk.hasChoices && (chunk.looksLikeError || Self.isErrorEvent(raw))) {
            // What a choice ended with then is no reason for finishing.
            for place in events.indices[start...].reversed() {
                if case .finish = events[place] { events.remove(at: place) }
            }
            let error =
                unsafe chunk.groqError?.withUnsafeBytes {
                    unsafe ProviderErrorReader.read(
                        $0, status: 200, retryAfter: nil, self.context.row, reader: reader)
                }
                ?? ProviderErrorReader.read(payload, status: 200, retryAfter: nil, self.context.row, reader: reader)
            events.append(.error(error.error))
        } else if chunk.isBrokenOff {
            events.append(.error(FinishWord.brokenOff))
        }
        return nil
    }

    // MARK: The chunk

    private mutating func read(
        _ cursor: inout JSONCursor, into chunk: inout Chunk, _ events: inout [ReplyEvent]
    ) throws(StreamFault) {
        guard cursor.enterObject() else { throw .invalidResponse }
        while let key = cursor.nextKey() { try self.read(key, &cursor, into: &chunk, &events) }
        guard cursor.isAtEnd else { throw .invalidResponse }
    }

    private mutating func read(
        _ key: Range<Int>, _ cursor: inout JSONCursor, into chunk: inout Chunk, _ events: inout [ReplyEvent]
    ) throws(StreamFault) {
        if cursor.matches(key, "choices") {
            try self.readChoices(&cursor, &chunk, &events)
        } else if cursor.matches(key, "id") {
            if self.hasID { _ = cursor.skip() } else { chunk.id = try cursor.string() ?? [] }
        } else if cursor.matches(key, "model") {
            if self.hasModel { _ = cursor.skip() } else { chunk.model = try cursor.string() ?? [] }
        } else if cursor.matches(key, "created") {
            if let range = cursor.skip(), !self.hasTime {
                chunk.created = unsafe JSONScalar.integer(cursor.bytes(range))
            }
        } else if cursor.matches(key, "object") {
            // Some say an error without the member `error`.
            let range = cursor.skip()
            if let range, cursor.matches(range, "\"error\"") { chunk.hasError = true }
        } else if cursor.matches(key, "usage"), cursor.kind == .object {
            let (usage, extras) = try OpenAIUsage.readAll(&cursor, &self.terms)
            if let usage { chunk.usage = (usage, extras) }
        } else if cursor.matches(key, "error") {
            if try cursor.json().map({ !$0.elementsEqual("false".utf8) }) ?? false { chunk.hasError = true }
        } else if cursor.matches(key, "obfuscation") || cursor.matches(key, "p") && cursor.kind == .string {
            // Padding against those who count bytes on the wire: the gateway's own stream has other lengths.
            _ = cursor.skip()
        } else if cursor.matches(key, "x_groq"), cursor.kind == .object {
            try self.readGroq(key, &cursor, &chunk)
        } else if self.repeats(key, &cursor) {
            return
        } else {
            let start = cursor.offset
            if let member = try cursor.member(key) { chunk.extras.append(member) }
            guard cursor.matches(key, "service_tier") else { return }
            self.terms.service = ServiceWord.read(start..<max(start, cursor.valueEnd), cursor) ?? self.terms.service
        }
    }

    /// Steps over a member that says what it said before; else no step.
    private func repeats(_ key: Range<Int>, _ cursor: inout JSONCursor) -> Bool {
        let name = unsafe cursor.bytes(key)
        var known: [UInt8]?
        for member in self.remembered where unsafe name.elementsEqual(member.key) { known = member.value }
        guard let known else { return false }
        let start = cursor.offset
        guard unsafe cursor.bytes(start..<start &+ known.count).elementsEqual(known) else { return false }
        // What is longer than the known text and begins like it is no JSON.
        _ = cursor.skip()
        return true
    }

    /// Groq's own member: the usage also where the client has not asked for it, and why a stream stopped early.
    private mutating func readGroq(
        _ key: Range<Int>, _ cursor: inout JSONCursor, _ chunk: inout Chunk
    ) throws(StreamFault) {
        var writer = JSONWriter()
        writer.beginObject()
        _ = cursor.enterObject()
        while let inner = cursor.nextKey() {
            if cursor.matches(inner, "usage"), cursor.kind == .object {
                let (usage, extras) = try OpenAIUsage.readAll(&cursor, &self.terms)
                if let usage { chunk.groqUsage = (usage, extras) }
                continue
            }
            let isError = cursor.matches(inner, "error")
            guard let member = try cursor.member(inner) else { continue }
            if isError {
                chunk.hasError = true
                chunk.groqError = Array("{\"error\":".utf8) + member.value + Array("}".utf8)
            }
            writer.key(member.key)
            writer.raw(member.value)
        }
        writer.endObject()
        if writer.bytes.count > 2 { chunk.extras.append(RawMember(key: Array("x_groq".utf8), value: writer.bytes)) }
    }

    /// What the chunk tells of the stream as a whole that is new.
    private mutating func takeHead(_ chunk: Chunk) -> [ReplyEvent] {
        var head: [ReplyEvent] = []
        let created = chunk.created.flatMap { $0 > 0 ? $0 : nil }
        if !chunk.id.isEmpty || !chunk.model.isEmpty || created != nil {
            head.append(.begin(id: chunk.id, model: chunk.model, created: created))
            self.hasID = self.hasID || !chunk.id.isEmpty
            self.hasModel = self.hasModel || !chunk.model.isEmpty
            self.hasTime = self.hasTime || created != nil
        }
        for member in chunk.extras where self.isNews(member) { head.append(.topExtra(member)) }
        return head
    }

    private mutating func isNews(_ member: RawMember) -> Bool {
        let isSmall = member.value.count <= Self.maximumRememberedBytes
        if let place = self.remembered.firstIndex(where: { $0.key == member.key }) {
            guard self.remembered[place].value != member.value else { return false }
            if isSmall { self.remembered[place] = member } else { self.remembered.remove(at: place) }
        } else if isSmall, self.remembered.count < Self.maximumRemembered {
            self.remembered.append(member)
        }
        return true
    }

    // MARK: Choices

    private mutating func readChoices(
        _ cursor: inout JSONCursor, _ chunk: inout Chunk, _ events: inout [ReplyEvent]
    ) throws(StreamFault) {
        chunk.hasChoices = true
        guard cursor.enterArray() else {
            _ = cursor.skip()
            return
        }
        var position = 0
        while cursor.nextElement() {
            guard cursor.kind == .object else { throw .invalidResponse }
            let choice = try OpenAIChoicePiece(&cursor, position: position)
            position &+= 1
            if choice.isBrokenOff { chunk.isBrokenOff = true }
            try self.tell(choice, &events)
        }
    }

    private mutating func tell(_ piece: OpenAIChoicePiece, _ events: inout [ReplyEvent]) throws(StreamFault) {
        let choice = piece.index
        for extra in piece.extras { events.append(.choiceExtra(choice: choice, extra)) }
        let news = piece.news
        if let news { for extra in news.extras { events.append(.extra(choice: choice, extra)) } }
        if let logprobs = piece.logprobs { events.append(.logprobs(choice: choice, logprobs)) }
        if let news { self.tell(news, choice, &events) }
        if !piece.text.isEmpty { events.append(.text(choice: choice, piece.text)) }
        if let calls = news?.toolCalls, !calls.isEmpty {
            let place = self.tracker(choice)
            for call in calls { try self.calls[place].take(call, into: &events) }
        }
        guard let finish = piece.finish, !piece.isBrokenOff else { return }
        self.settle(choice, &events)
        events.append(.finish(choice: choice, finish))
    }

    private mutating func tell(_ news: OpenAIMessagePiece, _ choice: Int, _ events: inout [ReplyEvent]) {
        if !news.thinking.isEmpty { events.append(.thinking(choice: choice, news.thinking)) }
        for signature in news.signatures { events.append(.signature(choice: choice, signature)) }
        for data in news.redacted { events.append(.redactedThinking(choice: choice, data)) }
        if !news.text.isEmpty || !news.refusal.isEmpty { self.settle(choice, &events) }
        if !news.text.isEmpty { events.append(.text(choice: choice, news.text)) }
        if !news.refusal.isEmpty { events.append(.refusal(choice: choice, news.refusal)) }
    }

    /// The tracker of a choice's tool calls; there is one for each choice that has any.
    private mutating func tracker(_ choice: Int) -> Int {
        if let place = self.calls.firstIndex(where: { $0.choice == choice }) { return place }
        self.calls.append(ToolCallTracker(choice: choice, nonce: self.context.nonce))
        return self.calls.count &- 1
    }

    private mutating func settle(_ choice: Int, _ events: inout [ReplyEvent]) {
        guard let place = self.calls.firstIndex(where: { $0.choice == choice }) else { return }
        self.calls[place].settle(into: &events)
    }

    // MARK: Events

    private static func isDone(_ payload: UnsafeRawBufferPointer, from start: Int) -> Bool {
        guard unsafe payload[start] == UInt8(ascii: "["), payload.count &- start >= 6 else { return false }
        guard unsafe payload[start..<start &+ 6].elementsEqual("[DONE]".utf8) else { return false }
        return unsafe payload[(start &+ 6)...].allSatisfy { $0 <= 0x20 }
    }

    /// Whether the event's name is `error`.
    private static func isErrorEvent(_ raw: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while start < raw.count {
            let end = unsafe SSELine.end(in: raw, from: start) ?? raw.count
            let line = unsafe raw[start..<end]
            if unsafe line.elementsEqual("event: error".utf8) || line.elementsEqual("event:error".utf8) { return true }
            start = end &+ 1
        }
        return false
    }
}
