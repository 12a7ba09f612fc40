/// What calls are counted and priced by besides tokens. The raw value is the class's bit and place in journals.
public enum UnitClass: UInt8, Hashable, Sendable, CaseIterable {
    /// The call itself: every call is one.
    case request = 0
    /// Images of the prompt, and generated ones.
    case imageInput = 1
    case imageOutput = 2
    /// Milliseconds; their rates are for a second.
    case audioInput = 3
    case audioOutput = 4
    case videoInput = 5
    case videoOutput = 6
    /// Unicode scalars of the prompt, and generated ones.
    case characterInput = 7
    case characterOutput = 8
    /// Pages of a document that were read.
    case page = 9
    /// Searches, of the web or among documents, and rankings.
    case query = 10
    /// Searches that put less, or more, than usual before the model, where the provider sells those at other prices.
    case queryLow = 11
    case queryHigh = 12

    /// How many of what is counted a rate is for.
    public var countPerRate: Int64 { self.isTime ? 1000 : 1 }

    /// Counted in milliseconds.
    public var isTime: Bool {
        switch self {
        case .audioInput, .audioOutput, .videoInput, .videoOutput: true
        case .request, .imageInput, .imageOutput, .characterInput, .characterOutput, .page, .query, .queryLow,
            .queryHigh:
            false
        }
    }

    /// The name of a count, in answers.
    public var label: String {
        switch self {
        case .request: "requests"
        case .imageInput: "images_input"
        case .imageOutput: "images_output"
        case .audioInput: "audio_input_ms"
        case .audioOutput: "audio_output_ms"
        case .videoInput: "video_input_ms"
        case .videoOutput: "video_output_ms"
        case .characterInput: "characters_input"
        case .characterOutput: "characters_output"
        case .page: "pages"
        case .query: "queries"
        case .queryLow: "queries_low"
        case .queryHigh: "queries_high"
        }
    }

    /// The name of a rate, in the configuration and in answers.
    public var rateLabel: String {
        switch self {
        case .request: "per_request"
        case .imageInput: "per_image_input"
        case .imageOutput: "per_image_output"
        case .audioInput: "per_second_audio_input"
        case .audioOutput: "per_second_audio_output"
        case .videoInput: "per_second_video_input"
        case .videoOutput: "per_second_video_output"
        case .characterInput: "per_character_input"
        case .characterOutput: "per_character_output"
        case .page: "per_page"
        case .query: "per_query"
        case .queryLow: "per_query_low"
        case .queryHigh: "per_query_high"
        }
    }
}
