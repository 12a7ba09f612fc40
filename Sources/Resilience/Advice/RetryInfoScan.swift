/// Finds Google's RetryInfo in the body of an error:
/// `{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "30s"}`, wherever it stands.
///
/// Reads JSON byte by byte, without building anything: names and texts with escapes are none of those looked for, and what is
/// no JSON has no RetryInfo. What a text says is never taken for structure, so a prompt that is quoted in an error says nothing.
public enum RetryInfoScan {
    /// Bytes that are looked at; errors are short.
    public static let longestBody = 64 << 10
    private static let deepest = 32

    private enum Name: UInt8 {
        case type
        case delay
        case other
    }

    /// An object or array that is open.
    private struct Level {
        var isObject: Bool
        var isRetryInfo = false
        var delay: UInt64?
        /// The member whose value comes next; nil in arrays and before a name.
        var name: Name?
    }

    /// What may come next.
    private enum Expectation {
        case value
        /// A value, or the end of an array.
        case valueOrEnd
        case name
        /// A name, or the end of an object.
        case nameOrEnd
        case colon
        case commaOrEnd
        case nothing
    }

    /// Nanoseconds; the longest where there are several. nil where there is none.
    public static func delay(in body: Span<UInt8>) -> UInt64? {
        guard body.count <= self.longestBody else { return nil }
        var levels: [Level] = []
        var next = Expectation.value
        var longest: UInt64?
        var index = 0
        while index < body.count {
            let byte = body[index]
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard next == .value || next == .valueOrEnd, levels.count < self.deepest else { return nil }
                let isObject = byte == UInt8(ascii: "{")
                levels.append(Level(isObject: isObject))
                next = isObject ? .nameOrEnd : .valueOrEnd
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                let isObject = byte == UInt8(ascii: "}")
                guard next == .commaOrEnd || next == (isObject ? .nameOrEnd : .valueOrEnd),
                    let level = levels.popLast(), level.isObject == isObject
                else { return nil }
                if level.isRetryInfo, let delay = level.delay { longest = max(longest ?? 0, delay) }
                next = levels.isEmpty ? .nothing : .commaOrEnd
                index += 1
            case UInt8(ascii: ","):
                guard next == .commaOrEnd, let level = levels.last else { return nil }
                next = level.isObject ? .name : .value
                index += 1
            case UInt8(ascii: ":"):
                guard next == .colon else { return nil }
                next = .value
                index += 1
            case UInt8(ascii: "\""):
                guard let end = self.textEnd(body, index + 1) else { return nil }
                let text = body.extracting(index + 1..<end)
                index = end + 1
                switch next {
                case .name, .nameOrEnd:
                    guard !levels.isEmpty else { return nil }
                    levels[levels.count - 1].name = self.name(text)
                    next = .colon
                case .value, .valueOrEnd:
                    if !levels.isEmpty { self.note(text, &levels[levels.count - 1]) }
                    next = levels.isEmpty ? .nothing : .commaOrEnd
                case .colon, .commaOrEnd, .nothing: return nil
                }
            default:
                guard next == .value || next == .valueOrEnd, let end = self.wordEnd(body, index) else { return nil }
                index = end
                next = levels.isEmpty ? .nothing : .commaOrEnd
            }
        }
        return next == .nothing ? longest : nil
    }

    private static func note(_ text: Span<UInt8>, _ level: inout Level) {
        switch level.name {
        case .type where self.equals(text, "type.googleapis.com/google.rpc.RetryInfo"): level.isRetryInfo = true
        case .delay: level.delay = DurationText.googleNanoseconds(text) ?? level.delay
        case .type, .other, nil: break
        }
    }

    private static func name(_ text: Span<UInt8>) -> Name {
        if self.equals(text, "@type") { return .type }
        return self.equals(text, "retryDelay") ? .delay : .other
    }

    /// Where the text's closing quote stands; nil where it has none.
    private static func textEnd(_ body: Span<UInt8>, _ start: Int) -> Int? {
        var index = start
        while index < body.count {
            switch body[index] {
            case UInt8(ascii: "\""): return index
            case UInt8(ascii: "\\"): index += 2
            case 0..<0x20: return nil
            default: index += 1
            }
        }
        return nil
    }

    /// Behind a number, `true`, `false` or `null`.
    private static func wordEnd(_ body: Span<UInt8>, _ start: Int) -> Int? {
        var index = start
        while index < body.count {
            switch body[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "E"),
                UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                index += 1
            default: return index > start ? index : nil
            }
        }
        return index
    }

    private static func equals(_ text: Span<UInt8>, _ word: StaticString) -> Bool {
        guard text.count == word.utf8CodeUnitCount else { return false }
        for index in 0..<text.count {
            guard unsafe text[index] == word.utf8Start[index] else { return false }
        }
        return true
    }
}
