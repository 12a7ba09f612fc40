/// The classes tokens are counted and priced in. The raw value is the class's bit and place in journals.
public enum TokenClass: UInt8, Hashable, Sendable, CaseIterable {
    case input = 0
    case cacheRead = 1
    case cacheWrite = 2
    case cacheWriteHour = 3
    case output = 4
    case reasoning = 5
    case audioInput = 6
    case audioOutput = 7
    case image = 8

    /// The name in the configuration, in metrics and in answers.
    public var label: String {
        switch self {
        case .input: "input"
        case .cacheRead: "cache_read"
        case .cacheWrite: "cache_write"
        case .cacheWriteHour: "cache_write_1h"
        case .output: "output"
        case .reasoning: "reasoning"
        case .audioInput: "audio_input"
        case .audioOutput: "audio_output"
        case .image: "image"
        }
    }
}
