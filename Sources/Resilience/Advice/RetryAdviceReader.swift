/// Reads what a reply says of trying again, and of what its key may still do.
///
/// Header fields in any order, each as often as it likes; then, for an error, the body. What cannot be understood says nothing.
/// A time is at most a day: whoever says more is not believed.
public struct RetryAdviceReader: Sendable {
    /// Nanoseconds that are believed at most.
    public static let longest: UInt64 = 86_400_000_000_000
    /// Kinds of limits that are told apart; more are left out.
    static let maximumLimits = 12

    /// One kind of limit: what stands between `remaining` and `reset` in the names of its fields, by its hash.
    private struct Limit {
        var name: UInt64
        var isExhausted = false
        var resetAfter: UInt64?
    }

    private let wallClock: UInt64
    private var limits: [Limit] = []
    /// So far. The longest of several times counts.
    public private(set) var advice = RetryAdvice()

    /// `wallClock`: milliseconds since 1970, when the reply came: dates are counted from there.
    public init(wallClock: UInt64) { self.wallClock = wallClock }

    /// nil where the reply has no such fields.
    public var hint: RateLimitHint? {
        guard !self.limits.isEmpty else { return nil }
        var hint = RateLimitHint()
        for limit in self.limits where limit.isExhausted {
            hint.isExhausted = true
            if let reset = limit.resetAfter { hint.resetAfter = max(hint.resetAfter ?? 0, reset) }
        }
        return hint
    }

    /// Lines `name: value`, each ended by a line feed.
    public mutating func read(fields: Span<UInt8>) {
        var start = 0
        while start < fields.count {
            var end = start
            var colon: Int?
            while end < fields.count, fields[end] != 0x0A {
                if colon == nil, fields[end] == UInt8(ascii: ":") { colon = end }
                end += 1
            }
            if let colon {
                let value = fields.extracting(Self.trimmed(fields, colon + 1..<end))
                self.read(name: fields.extracting(start..<colon), value: value)
            }
            start = end + 1
        }
    }

    /// One field, in any case; the value without spaces around it.
    public mutating func read(name: Span<UInt8>, value: Span<UInt8>) {
        guard name.count > 10, value.count > 0, value.count <= 128 else { return }
        switch name.count {
        case 11 where Self.hasPrefix(name, "retry-after"): self.readRetryAfter(value)
        case 14 where Self.hasPrefix(name, "retry-after-ms"):
            if let number = DecimalText(value) { self.note(number.nanoseconds(unit: 1_000_000)) }
        case 14 where Self.hasPrefix(name, "x-should-retry"):
            if Self.hasPrefix(value, "true"), value.count == 4 { self.advice.shouldRetry = true }
            if Self.hasPrefix(value, "false"), value.count == 5 { self.advice.shouldRetry = false }
        default: self.readLimit(name, value)
        }
    }

    /// The body of an error, for Google's RetryInfo.
    public mutating func read(errorBody: Span<UInt8>) {
        if let delay = RetryInfoScan.delay(in: errorBody) { self.note(delay) }
    }

    private mutating func readRetryAfter(_ value: Span<UInt8>) {
        if let number = DecimalText(value) { return self.note(number.nanoseconds(unit: 1_000_000_000)) }
        guard let date = DateText.httpSeconds(value, now: self.wallClock / 1_000) else { return }
        // Below the year 10000: in milliseconds it has room.
        self.note(self.until(date * 1_000))
    }

    private mutating func note(_ nanoseconds: UInt64) {
        self.advice.after = max(self.advice.after ?? 0, min(nanoseconds, Self.longest))
    }

    /// Nanoseconds until then; 0 where it is over.
    private func until(_ milliseconds: UInt64) -> UInt64 {
        guard milliseconds > self.wallClock else { return 0 }
        return min(milliseconds - self.wallClock, Self.longest / 1_000_000) * 1_000_000
    }

    // MARK: Limits

    /// `x-ratelimit-remaining-NAME`, `x-ratelimit-reset-NAME`, `anthropic-ratelimit-NAME-remaining`, `anthropic-ratelimit-NAME-reset`.
    private mutating func readLimit(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        let isRemaining: Bool
        let kind: UInt64
        if Self.hasPrefix(name, "x-ratelimit-remaining-") {
            isRemaining = true
            kind = Self.hash(name, 22, name.count)
        } else if Self.hasPrefix(name, "x-ratelimit-reset-") {
            isRemaining = false
            kind = Self.hash(name, 18, name.count)
        } else if Self.hasPrefix(name, "anthropic-ratelimit-") {
            if Self.hasSuffix(name, "-remaining") {
                isRemaining = true
                kind = Self.hash(name, 20, name.count - 10)
            } else if Self.hasSuffix(name, "-reset") {
                isRemaining = false
                kind = Self.hash(name, 20, name.count - 6)
            } else {
                return
            }
        } else {
            return
        }
        if isRemaining {
            guard let isExhausted = Self.isExhausted(value), let index = self.limit(kind) else { return }
            self.limits[index].isExhausted = isExhausted
        } else {
            guard let time = self.reset(value), let index = self.limit(kind) else { return }
            self.limits[index].resetAfter = time
        }
    }

    /// Nothing remains: nil for what is no number.
    private static func isExhausted(_ value: Span<UInt8>) -> Bool? {
        if let number = DecimalText(value) { return number.isZero }
        // Some count below nothing.
        guard value.count > 1, value[0] == UInt8(ascii: "-") else { return nil }
        return DecimalText(value.extracting(1..<value.count)).map { _ in true }
    }

    /// A duration, or a time.
    private func reset(_ value: Span<UInt8>) -> UInt64? {
        if let span = DurationText.nanoseconds(value) { return min(span, Self.longest) }
        return DateText.rfc3339Milliseconds(value).map { self.until($0) }
    }

    private mutating func limit(_ name: UInt64) -> Int? {
        if let index = self.limits.firstIndex(where: { $0.name == name }) { return index }
        guard self.limits.count < Self.maximumLimits else { return nil }
        self.limits.append(Limit(name: name))
        return self.limits.count - 1
    }

    // MARK: Bytes

    /// Whether the text begins with `word` (lower case), whatever its case.
    private static func hasPrefix(_ text: Span<UInt8>, _ word: StaticString) -> Bool {
        self.matches(text, 0, word)
    }

    private static func hasSuffix(_ text: Span<UInt8>, _ word: StaticString) -> Bool {
        self.matches(text, text.count - word.utf8CodeUnitCount, word)
    }

    private static func matches(_ text: Span<UInt8>, _ start: Int, _ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard start >= 0, text.count - start >= length else { return false }
        for index in 0..<length {
            guard unsafe self.lower(text[start + index]) == word.utf8Start[index] else { return false }
        }
        return true
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// FNV-1a, in lower case.
    private static func hash(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in start..<max(start, end) { hash = (hash ^ UInt64(self.lower(text[index]))) &* 0x100_0000_01B3 }
        return hash
    }

    /// Without spaces around it.
    private static func trimmed(_ text: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, text[start] == 0x20 || text[start] == 0x09 { start += 1 }
        while end > start, text[end - 1] <= 0x20 { end -= 1 }
        return start..<end
    }
}
