internal import Domain
internal import JSON

/// Reads OpenAI's `usage` object into disjoint token classes.
///
/// `prompt_tokens` includes what was read from and written to a cache, audio and images; `completion_tokens` includes
/// reasoning and audio. Providers write the parts under several names and some report more of a part than of the whole: the
/// whole then wins, so that no token is counted twice and none below zero. Some leave reasoning out of
/// `completion_tokens`; where `total_tokens` says so it is added, and so it is where citations are counted apart, as Perplexity
/// does it. A count that is not a non-negative integer is ignored.
struct OpenAIUsage {
    /// No call has more tokens than this; it also keeps every sum of counts within Int64.
    private static let maximumCount: Int64 = 1 << 53

    private var prompt: Int64?
    private var completion: Int64?
    /// The same under the names that image generation has.
    private var inputTokens: Int64?
    private var outputTokens: Int64?
    private var total: Int64?
    private var cached: Int64 = 0
    /// Written to a cache, for whatever time.
    private var written: Int64 = 0
    private var writtenShort: Int64 = 0
    private var writtenHour: Int64 = 0
    private var audioInput: Int64 = 0
    private var image: Int64 = 0
    private var video: Int64 = 0
    /// Parts of `cached`.
    private var cachedAudio: Int64 = 0
    private var cachedImage: Int64 = 0
    private var citation: Int64?
    private var reasoning: Int64?
    private var audioOutput: Int64 = 0
    private var imageOutput: Int64 = 0
    private var videoOutput: Int64 = 0
    /// Of what was made for an image, what is text; nil where it is not told apart.
    private var textOutput: Int64?
    /// Mistral counts audio in `total_tokens` only.
    private var audioSeconds: Int64 = 0
    /// Searches, and the class they count as.
    private var searches: Int64?
    private var searchSize: UnitClass?
    private var service: ServiceTier?
    /// Members that no class has, where they are wanted: of the object itself and of the details of both sides.
    private var keepsExtras = false
    private var extras: [RawMember] = []
    private var promptExtras: [RawMember] = []
    private var completionExtras: [RawMember] = []
    private var fault: StreamFault?

    private init() {}

    /// The usage in the object in front of the cursor, which is stepped over; nil where it has neither a prompt nor a
    /// completion count. `terms` gets what it says besides. `ofImages`: what was generated are images, where it does not say
    /// that some of it is text.
    static func read(_ cursor: inout JSONCursor, ofImages: Bool = false, _ terms: inout UsageTerms) -> TokenUsage? {
        var usage = OpenAIUsage()
        guard cursor.enterObject() else { return nil }
        while let key = cursor.nextKey() { usage.read(key, &cursor) }
        if usage.prompt == nil && usage.completion == nil {
            usage.prompt = usage.inputTokens
            usage.completion = usage.outputTokens
        }
        if ofImages, usage.imageOutput == 0 {
            usage.imageOutput = max(0, (usage.completion ?? 0) - (usage.textOutput ?? 0))
        }
        terms.update(usage.terms)
        return usage.classes
    }

    /// As `read`, with the members that no token class has; those of the details stand in objects of the same name. Throws where
    /// such a member is not JSON.
    static func readAll(
        _ cursor: inout JSONCursor, _ terms: inout UsageTerms
    ) throws(StreamFault) -> (TokenUsage?, extras: [RawMember]) {
        var usage = OpenAIUsage()
        usage.keepsExtras = true
        guard cursor.enterObject() else { return (nil, []) }
        while let key = cursor.nextKey() { usage.read(key, &cursor) }
        if let fault = usage.fault { throw fault }
        usage.fold(usage.promptExtras, "prompt_tokens_details")
        usage.fold(usage.completionExtras, "completion_tokens_details")
        terms.update(usage.terms)
        return (usage.classes, usage.extras)
    }

    // MARK: Reading

    /// Steps over the value of a member that no class has.
    private mutating func keep(
        _ key: Range<Int>, _ cursor: inout JSONCursor, _ extras: WritableKeyPath<OpenAIUsage, [RawMember]>
    ) {
        guard self.keepsExtras, self.fault == nil else {
            _ = cursor.skip()
            return
        }
        do throws(StreamFault) {
            if let member = try cursor.member(key) { self[keyPath: extras].append(member) }
        } catch {
            self.fault = error
        }
    }

    private mutating func fold(_ members: [RawMember], _ name: StaticString) {
        guard !members.isEmpty else { return }
        var writer = JSONWriter()
        writer.beginObject()
        for member in members {
            writer.key(member.key)
            writer.raw(member.value)
        }
        writer.endObject()
        self.extras.append(
            RawMember(key: Array(name.description.utf8), value: writer.bytes))
    }

    private mutating func read(_ key: Range<Int>, _ cursor: inout JSONCursor) {
        if cursor.matches(key, "prompt_tokens") {
            self.prompt = Self.count(&cursor)
        } else if cursor.matches(key, "completion_tokens") {
            self.completion = Self.count(&cursor)
        } else if cursor.matches(key, "total_tokens") {
            self.total = Self.count(&cursor)
        } else if cursor.matches(key, "prompt_tokens_details"), cursor.enterObject() {
            while let inner = cursor.nextKey() { self.readPromptDetail(inner, &cursor) }
        } else if cursor.matches(key, "completion_tokens_details"), cursor.enterObject() {
            while let inner = cursor.nextKey() { self.readCompletionDetail(inner, &cursor) }
        } else if cursor.matches(key, "prompt_cache_hit_tokens") || cursor.matches(key, "cache_read_input_tokens") {
            Self.take(&cursor, into: &self.cached)
        } else if cursor.matches(key, "cache_creation_input_tokens") {
            Self.take(&cursor, into: &self.written)
        } else if cursor.matches(key, "cache_creation"), cursor.enterObject() {
            while let inner = cursor.nextKey() { self.readTimes(inner, &cursor) }
        } else if cursor.matches(key, "reasoning_tokens") {
            self.reasoning = Self.count(&cursor) ?? self.reasoning
        } else if cursor.matches(key, "prompt_audio_seconds") {
            self.audioSeconds = Self.count(&cursor) ?? 0
        } else if cursor.matches(key, "input_tokens") {
            self.inputTokens = Self.count(&cursor)
        } else if cursor.matches(key, "output_tokens") {
            self.outputTokens = Self.count(&cursor)
        } else if cursor.matches(key, "input_tokens_details"), cursor.enterObject() {
            while let inner = cursor.nextKey() { self.readPromptDetail(inner, &cursor) }
        } else if cursor.matches(key, "output_tokens_details"), cursor.enterObject() {
            while let inner = cursor.nextKey() { self.readCompletionDetail(inner, &cursor) }
        } else {
            let start = cursor.offset
            self.keep(key, &cursor, \.extras)
            self.note(key, start..<max(start, cursor.valueEnd), cursor)
        }
    }

    /// What a member says that goes to the client as it is.
    private mutating func note(_ key: Range<Int>, _ value: Range<Int>, _ cursor: borrowing JSONCursor) {
        if cursor.matches(key, "citation_tokens") {
            self.citation = Self.count(value, cursor)
        } else if cursor.matches(key, "num_search_queries") {
            self.searches = Self.count(value, cursor)
        } else if cursor.matches(key, "search_context_size") {
            self.searchSize =
                cursor.matches(value, "\"low\"") ? .queryLow : cursor.matches(value, "\"high\"") ? .queryHigh : .query
        } else if cursor.matches(key, "server_tool_use") || cursor.matches(key, "server_tool_use_details") {
            let searches = unsafe NestedCount.find("\"web_search_requests\"", in: cursor.bytes(value))
            self.searches = searches ?? self.searches
        } else if cursor.matches(key, "service_tier") {
            self.service = ServiceWord.read(value, cursor)
        }
    }

    private mutating func readPromptDetail(_ key: Range<Int>, _ cursor: inout JSONCursor) {
        if cursor.matches(key, "cached_tokens") {
            Self.take(&cursor, into: &self.cached)
        } else if cursor.matches(key, "cache_write_tokens") || cursor.matches(key, "cache_creation_tokens")
            || cursor.matches(key, "cache_creation_input_tokens")
        {
            Self.take(&cursor, into: &self.written)
        } else if cursor.matches(key, "cache_creation_token_details"), cursor.enterObject() {
            while let inner = cursor.nextKey() { self.readTimes(inner, &cursor) }
        } else if cursor.matches(key, "audio_tokens") {
            Self.take(&cursor, into: &self.audioInput)
        } else if cursor.matches(key, "image_tokens") {
            Self.take(&cursor, into: &self.image)
        } else if cursor.matches(key, "video_tokens") {
            Self.take(&cursor, into: &self.video)
        } else if cursor.matches(key, "cached_tokens_details"), cursor.enterObject() {
            while let inner = cursor.nextKey() { self.readCachedDetail(inner, &cursor) }
        } else {
            self.keep(key, &cursor, \.promptExtras)
        }
    }

    private mutating func readCachedDetail(_ key: Range<Int>, _ cursor: inout JSONCursor) {
        if cursor.matches(key, "audio_tokens") {
            Self.take(&cursor, into: &self.cachedAudio)
        } else if cursor.matches(key, "image_tokens") {
            Self.take(&cursor, into: &self.cachedImage)
        } else {
            _ = cursor.skip()
        }
    }

    /// How long what was written is kept.
    private mutating func readTimes(_ key: Range<Int>, _ cursor: inout JSONCursor) {
        if cursor.matches(key, "ephemeral_5m_input_tokens") {
            Self.take(&cursor, into: &self.writtenShort)
        } else if cursor.matches(key, "ephemeral_1h_input_tokens") {
            Self.take(&cursor, into: &self.writtenHour)
        } else {
            _ = cursor.skip()
        }
    }

    private mutating func readCompletionDetail(_ key: Range<Int>, _ cursor: inout JSONCursor) {
        if cursor.matches(key, "reasoning_tokens") {
            self.reasoning = Self.count(&cursor) ?? self.reasoning
        } else if cursor.matches(key, "audio_tokens") {
            Self.take(&cursor, into: &self.audioOutput)
        } else if cursor.matches(key, "image_tokens") {
            Self.take(&cursor, into: &self.imageOutput)
        } else if cursor.matches(key, "video_tokens") {
            Self.take(&cursor, into: &self.videoOutput)
        } else {
            let start = cursor.offset
            self.keep(key, &cursor, \.completionExtras)
            if cursor.matches(key, "text_tokens") {
                self.textOutput = Self.count(start..<max(start, cursor.valueEnd), cursor)
            }
        }
    }

    /// The same count may stand under two names: it is one count.
    private static func take(_ cursor: inout JSONCursor, into member: inout Int64) {
        member = max(member, self.count(&cursor) ?? 0)
    }

    private static func count(_ cursor: inout JSONCursor) -> Int64? {
        guard let range = cursor.skip() else { return nil }
        return self.count(range, cursor)
    }

    private static func count(_ range: Range<Int>, _ cursor: borrowing JSONCursor) -> Int64? {
        guard let value = unsafe JSONScalar.integer(cursor.bytes(range)), value >= 0 else { return nil }
        return min(value, self.maximumCount)
    }

    // MARK: Classes

    private var terms: UsageTerms {
        var terms = UsageTerms(service: self.service)
        if self.audioSeconds > 0 { terms.set(.audioInput, self.audioSeconds * 1000) }
        if let searches = self.searches {
            terms.set(.query, searches)
        } else if let size = self.searchSize {
            // Said of models that search once for each call.
            terms.set(size, 1)
        }
        return terms
    }

    private var classes: TokenUsage? {
        guard self.prompt != nil || self.completion != nil else { return nil }
        var usage = TokenUsage()
        var rest = self.prompt ?? 0
        func part(_ count: Int64) -> Int64 {
            let part = min(count, rest)
            rest -= part
            return part
        }
        // Cached audio and images are counted as audio and images too.
        usage.cacheReadAudio = part(min(self.cachedAudio, self.cached))
        usage.cacheReadImage = part(min(self.cachedImage, self.cached - usage.cacheReadAudio))
        usage.cacheRead = part(self.cached - usage.cacheReadAudio - usage.cacheReadImage)
        // The parts by time may be all that is said, or less than what was written.
        usage.cacheWriteHour = part(self.writtenHour)
        usage.cacheWrite = part(max(self.writtenShort, self.written - self.writtenHour))
        usage.audioInput = part(max(0, self.audioInput - usage.cacheReadAudio))
        usage.image = part(max(0, self.image - usage.cacheReadImage))
        usage.videoInput = part(self.video)
        usage.input = rest
        usage.citation = self.citation ?? 0

        let separate = self.separateReasoning
        rest = self.completion ?? 0
        usage.reasoning = separate ?? part(self.reasoning ?? 0)
        usage.audioOutput = part(self.audioOutput)
        usage.imageOutput = part(self.imageOutput)
        usage.videoOutput = part(self.videoOutput)
        usage.output = rest
        return usage
    }

    /// Reasoning that `completion_tokens` does not include, or nil where it does or there is none.
    private var separateReasoning: Int64? {
        if self.citation != nil, let reasoning = self.reasoning { return reasoning }
        guard let prompt = self.prompt, let completion = self.completion, let total = self.total else { return nil }
        let missing = total - prompt - completion
        guard missing > 0, self.audioSeconds == 0 else { return nil }
        guard let reasoning = self.reasoning, reasoning > 0 else { return missing }
        return reasoning == missing ? reasoning : nil
    }
}
