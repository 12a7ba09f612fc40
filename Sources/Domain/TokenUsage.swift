/// The tokens of one provider call, in disjoint classes: no token is counted in two members.
///
/// Providers count differently (OpenAI's `prompt_tokens` includes cached ones, its `completion_tokens` includes
/// reasoning); a dialect translates into these classes, so that prices and limits need to know one convention only.
public struct TokenUsage: Hashable, Sendable {
    /// Prompt tokens of text that were neither read from nor written to a provider's prompt cache.
    public var input: Int64
    /// Prompt tokens read from a provider's prompt cache.
    public var cacheRead: Int64
    /// Prompt tokens written to a provider's prompt cache that keeps them five minutes, or for its usual time.
    public var cacheWrite: Int64
    /// Prompt tokens written to a provider's prompt cache that keeps them an hour.
    public var cacheWriteHour: Int64
    /// Generated tokens of text that the client sees.
    public var output: Int64
    /// Generated tokens that were spent on reasoning.
    public var reasoning: Int64
    /// Prompt tokens of audio, and generated ones.
    public var audioInput: Int64
    public var audioOutput: Int64
    /// Prompt tokens of images.
    public var image: Int64
    /// Prompt tokens of audio, and of images, that were read from a provider's prompt cache, where it counts them apart.
    public var cacheReadAudio: Int64
    public var cacheReadImage: Int64
    /// Generated tokens of images.
    public var imageOutput: Int64
    /// Prompt tokens of video, and generated ones.
    public var videoInput: Int64
    public var videoOutput: Int64
    /// Tokens of what a provider's search has put before the model, where it takes money for them.
    public var citation: Int64

    public init(
        input: Int64 = 0, cacheRead: Int64 = 0, cacheWrite: Int64 = 0, cacheWriteHour: Int64 = 0, output: Int64 = 0,
        reasoning: Int64 = 0, audioInput: Int64 = 0, audioOutput: Int64 = 0, image: Int64 = 0,
        cacheReadAudio: Int64 = 0,
        cacheReadImage: Int64 = 0, imageOutput: Int64 = 0, videoInput: Int64 = 0, videoOutput: Int64 = 0,
        citation: Int64 = 0
    ) {
        self.input = input
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
        self.cacheWriteHour = cacheWriteHour
        self.output = output
        self.reasoning = reasoning
        self.audioInput = audioInput
        self.audioOutput = audioOutput
        self.image = image
        self.cacheReadAudio = cacheReadAudio
        self.cacheReadImage = cacheReadImage
        self.imageOutput = imageOutput
        self.videoInput = videoInput
        self.videoOutput = videoOutput
        self.citation = citation
    }

    /// What OpenAI calls `prompt_tokens`.
    public var promptTokens: Int64 {
        self.input &+ self.cacheRead &+ self.cacheWrite &+ self.cacheWriteHour &+ self.audioInput &+ self.image
            &+ self.cacheReadAudio &+ self.cacheReadImage &+ self.videoInput &+ self.citation
    }
    /// What OpenAI calls `completion_tokens`.
    public var completionTokens: Int64 {
        self.output &+ self.reasoning &+ self.audioOutput &+ self.imageOutput &+ self.videoOutput
    }

    /// Of all classes; at least 0, at most what Int64 has.
    public var total: Int64 { max(0, self.promptTokens).addingClamped(max(0, self.completionTokens)) }

    /// There are tokens of other classes than those that texts alone consist of.
    @inlinable public var hasRareClasses: Bool {
        (self.cacheWrite | self.cacheWriteHour | self.audioInput | self.audioOutput | self.image | self.cacheReadAudio
            | self.cacheReadImage | self.imageOutput | self.videoInput | self.videoOutput | self.citation) != 0
    }

    /// The members by their class, in the order of `TokenClass.allCases`.
    public subscript(_ tokenClass: TokenClass) -> Int64 {
        get {
            switch tokenClass {
            case .input: self.input
            case .cacheRead: self.cacheRead
            case .cacheWrite: self.cacheWrite
            case .cacheWriteHour: self.cacheWriteHour
            case .output: self.output
            case .reasoning: self.reasoning
            case .audioInput: self.audioInput
            case .audioOutput: self.audioOutput
            case .image: self.image
            case .cacheReadAudio: self.cacheReadAudio
            case .cacheReadImage: self.cacheReadImage
            case .imageOutput: self.imageOutput
            case .videoInput: self.videoInput
            case .videoOutput: self.videoOutput
            case .citation: self.citation
            }
        }
        set {
            switch tokenClass {
            case .input: self.input = newValue
            case .cacheRead: self.cacheRead = newValue
            case .cacheWrite: self.cacheWrite = newValue
            case .cacheWriteHour: self.cacheWriteHour = newValue
            case .output: self.output = newValue
            case .reasoning: self.reasoning = newValue
            case .audioInput: self.audioInput = newValue
            case .audioOutput: self.audioOutput = newValue
            case .image: self.image = newValue
            case .cacheReadAudio: self.cacheReadAudio = newValue
            case .cacheReadImage: self.cacheReadImage = newValue
            case .imageOutput: self.imageOutput = newValue
            case .videoInput: self.videoInput = newValue
            case .videoOutput: self.videoOutput = newValue
            case .citation: self.citation = newValue
            }
        }
    }

    /// Adds another call's tokens, class by class; a sum beyond Int64 stays at its greatest value.
    public static func + (a: TokenUsage, b: TokenUsage) -> TokenUsage {
        func sum(_ a: Int64, _ b: Int64) -> Int64 {
            let (value, overflow) = a.addingReportingOverflow(b)
            return overflow ? .max : value
        }
        return TokenUsage(
            input: sum(a.input, b.input), cacheRead: sum(a.cacheRead, b.cacheRead),
            cacheWrite: sum(a.cacheWrite, b.cacheWrite), cacheWriteHour: sum(a.cacheWriteHour, b.cacheWriteHour),
            output: sum(a.output, b.output), reasoning: sum(a.reasoning, b.reasoning),
            audioInput: sum(a.audioInput, b.audioInput), audioOutput: sum(a.audioOutput, b.audioOutput),
            image: sum(a.image, b.image), cacheReadAudio: sum(a.cacheReadAudio, b.cacheReadAudio),
            cacheReadImage: sum(a.cacheReadImage, b.cacheReadImage), imageOutput: sum(a.imageOutput, b.imageOutput),
            videoInput: sum(a.videoInput, b.videoInput), videoOutput: sum(a.videoOutput, b.videoOutput),
            citation: sum(a.citation, b.citation))
    }
}
