public import Domain

/// What is compared: a sum of token classes as a provider's export has them, or what it counts besides.
///
/// The classes of Sluice are disjoint. What an export does not tell apart is compared as a sum, and what it counts twice (`inputTotal` has
/// what was read from the cache in it) is twice in here, too: so each number of an export is compared as it stands.
public enum ComparedClass: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Everything that models read, from a cache or not, of whatever kind.
    case inputTotal = "input_total"
    /// What was neither read from a cache nor written to one.
    case input = "input"
    case cacheRead = "cache_read"
    /// Written to a cache for five minutes, and for an hour.
    case cacheWrite = "cache_write"
    case cacheWriteHour = "cache_write_1h"
    /// Written to a cache, for whatever time.
    case cacheWriteAny = "cache_write_any"
    case audioInput = "audio_input"
    /// Everything that models wrote, reasoning and audio too.
    case outputTotal = "output_total"
    case audioOutput = "audio_output"
    /// Calls that the provider takes money for.
    case requests = "requests"
    case searches = "searches"

    /// Whether it is tokens: what is counted besides is compared only where that is asked for.
    public var isTokens: Bool { self != .requests && self != .searches }

    /// The classes of Sluice it is the sum of.
    public var tokenClasses: [TokenClass] {
        let cached: [TokenClass] = [.cacheRead, .cacheReadAudio, .cacheReadImage]
        let written: [TokenClass] = [.cacheWrite, .cacheWriteHour]
        switch self {
        case .inputTotal: return TokenClass.allCases.filter(\.isPrompt)
        case .input: return TokenClass.allCases.filter { $0.isPrompt && !(cached + written).contains($0) }
        case .cacheRead: return cached
        case .cacheWrite: return [.cacheWrite]
        case .cacheWriteHour: return [.cacheWriteHour]
        case .cacheWriteAny: return written
        case .audioInput: return [.audioInput, .cacheReadAudio]
        case .outputTotal: return TokenClass.allCases.filter { !$0.isPrompt }
        case .audioOutput: return [.audioOutput]
        case .requests, .searches: return []
        }
    }

    /// In the order in which they are declared.
    public static func < (a: ComparedClass, b: ComparedClass) -> Bool { a.place < b.place }

    private var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
