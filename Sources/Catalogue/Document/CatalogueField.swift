public import Domain

/// What a price of a catalogue is for: what is counted, in which service, and for how long a prompt.
public struct CatalogueField: Hashable, Sendable {
    /// What is counted.
    public enum Measure: Hashable, Sendable {
        /// Tokens of a class; in pico-USD for each.
        case tokens(TokenClass)
        /// Something else; in pico-USD for each, or for a second.
        case units(UnitClass)
    }

    public var measure: Measure
    /// Prompt tokens that a call must have more than; 0: this holds for all calls.
    public var above: UInt32
    public var service: ServiceTier

    public init(_ measure: Measure, above: UInt32 = 0, service: ServiceTier = .standard) {
        self.measure = measure
        self.above = above
        self.service = service
    }

    /// As the file calls it, such as `input_cost_per_token_above_272k_tokens_flex`.
    public var name: String {
        var name = self.measure.name
        if self.above > 0 {
            name += self.above % 1000 == 0 ? "_above_\(self.above / 1000)k_tokens" : "_above_\(self.above)_tokens"
        }
        switch self.service {
        case .standard: break
        case .batch: name += "_batches"
        case .priority: name += "_priority"
        case .flex: name += "_flex"
        case .ultrafast: name += "_ultrafast"
        }
        return name
    }

    /// What its amounts are for, such as `1M tokens` or `image`.
    public var unit: String {
        switch self.measure {
        case .tokens: "1M tokens"
        case .units(.request): "request"
        case .units(.imageInput), .units(.imageOutput): "image"
        case .units(.audioInput), .units(.audioOutput), .units(.videoInput), .units(.videoOutput): "second"
        case .units(.characterInput), .units(.characterOutput): "1M characters"
        case .units(.page): "page"
        case .units(.query), .units(.queryLow), .units(.queryHigh): "query"
        }
    }

    /// An amount of USD for `unit`, exactly; `rate` is in pico-USD.
    public func dollars(_ rate: Int64) -> String {
        switch self.measure {
        // A million of them: pico becomes micro.
        case .tokens, .units(.characterInput), .units(.characterOutput): Self.decimal(rate, places: 6)
        case .units: Self.decimal(rate, places: 12)
        }
    }

    /// `value` / 10^`places` in as few digits as it takes.
    private static func decimal(_ value: Int64, places: Int) -> String {
        var digits = Array(String(value.magnitude).utf8)
        if digits.count <= places {
            digits.insert(contentsOf: [UInt8](repeating: 0x30, count: places + 1 - digits.count), at: 0)
        }
        var fraction = digits.suffix(places)
        while fraction.last == 0x30 { fraction.removeLast() }
        let whole = (value < 0 ? "-" : "") + String(decoding: digits.dropLast(places), as: UTF8.self)
        return fraction.isEmpty ? whole : "\(whole).\(String(decoding: fraction, as: UTF8.self))"
    }
}

extension CatalogueField.Measure {
    /// The raw value of the class, behind 64 for units: what a measure is stored as.
    public var code: UInt8 {
        switch self {
        case .tokens(let tokenClass): tokenClass.rawValue
        case .units(let unitClass): Self.firstUnit + unitClass.rawValue
        }
    }

    /// nil for a measure that this version does not know.
    public init?(code: UInt8) {
        if code < Self.firstUnit {
            guard let tokenClass = TokenClass(rawValue: code) else { return nil }
            self = .tokens(tokenClass)
        } else {
            guard let unitClass = UnitClass(rawValue: code - Self.firstUnit) else { return nil }
            self = .units(unitClass)
        }
    }

    private static let firstUnit: UInt8 = 64

    fileprivate var name: String {
        switch self {
        case .tokens(let tokenClass): Self.name(of: tokenClass)
        case .units(let unitClass): Self.name(of: unitClass)
        }
    }

    private static func name(of tokenClass: TokenClass) -> String {
        switch tokenClass {
        case .input: "input_cost_per_token"
        case .output: "output_cost_per_token"
        case .cacheRead: "cache_read_input_token_cost"
        case .cacheWrite: "cache_creation_input_token_cost"
        case .cacheWriteHour: "cache_creation_input_token_cost_above_1hr"
        case .reasoning: "output_cost_per_reasoning_token"
        case .audioInput: "input_cost_per_audio_token"
        case .audioOutput: "output_cost_per_audio_token"
        case .image: "input_cost_per_image_token"
        case .cacheReadAudio: "cache_read_input_audio_token_cost"
        case .cacheReadImage: "cache_read_input_image_token_cost"
        case .imageOutput: "output_cost_per_image_token"
        case .videoInput: "input_cost_per_video_token"
        case .videoOutput: "output_cost_per_video_token"
        case .citation: "citation_cost_per_token"
        }
    }

    private static func name(of unitClass: UnitClass) -> String {
        switch unitClass {
        case .request: "input_cost_per_request"
        case .imageInput: "input_cost_per_image"
        case .imageOutput: "output_cost_per_image"
        case .audioInput: "input_cost_per_audio_per_second"
        case .audioOutput: "output_cost_per_audio_per_second"
        case .videoInput: "input_cost_per_video_per_second"
        case .videoOutput: "output_cost_per_video_per_second"
        case .characterInput: "input_cost_per_character"
        case .characterOutput: "output_cost_per_character"
        case .page: "ocr_cost_per_page"
        case .query: "input_cost_per_query"
        case .queryLow: "search_context_cost_per_query_low"
        case .queryHigh: "search_context_cost_per_query_high"
        }
    }
}

extension CatalogueField: Comparable {
    /// The standard service first, then short prompts before long ones, then by what is counted.
    public static func < (a: CatalogueField, b: CatalogueField) -> Bool {
        (a.service.rawValue, a.above, a.measure.code) < (b.service.rawValue, b.above, b.measure.code)
    }
}
