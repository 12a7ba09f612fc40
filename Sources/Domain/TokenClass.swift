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
    case cacheReadAudio = 9
    case cacheReadImage = 10
    case imageOutput = 11
    case videoInput = 12
    case videoOutput = 13
    case citation = 14

    /// All but those that texts alone consist of.
    static let rare: [TokenClass] = Self.allCases.filter {
        ![.input, .cacheRead, .output, .reasoning].contains($0)
    }

    /// Part of what a model reads; the others are what it writes.
    public var isPrompt: Bool {
        switch self {
        case .input, .cacheRead, .cacheWrite, .cacheWriteHour, .audioInput, .image, .cacheReadAudio, .cacheReadImage,
            .videoInput, .citation:
            true
        case .output, .reasoning, .audioOutput, .imageOutput, .videoOutput: false
        }
    }

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
        case .cacheReadAudio: "cache_read_audio"
        case .cacheReadImage: "cache_read_image"
        case .imageOutput: "image_output"
        case .videoInput: "video_input"
        case .videoOutput: "video_output"
        case .citation: "citation"
        }
    }
}
