internal import Domain

/// What a name of a field means, as the format has it.
enum FieldMeaning: Hashable {
    case provider, mode, deprecation
    case maximumInput, maximumOutput
    /// Of prompt and answer, or of one of them: what older files say instead of the two.
    case maximumTokens
    case capability(String)
    /// A price. Which one, the model's mode may have to say.
    case price(PricedThing, above: UInt32, ServiceTier)
    /// Prices by the length of the prompt.
    case tiers
    /// Prices of a search, by how much of what is found is read.
    case searches
    case ignored(IgnoredPrice)
    /// Known, and no price: nothing that a gateway goes by.
    case information
    case unknown

    /// What prices are of.
    enum PricedThing: Hashable {
        case measure(CatalogueField.Measure)
        /// Time of what goes in, or comes out, whatever the model works on.
        case secondsIn, secondsOut
    }

    init(_ name: [UInt8]) {
        let text = String(decoding: name, as: UTF8.self)
        if let meaning = Self.fixed[text] {
            self = meaning
        } else if name.starts(with: "supports_".utf8), name.count <= 80, name.allSatisfy(Self.isPartOfName) {
            self = .capability(text)
        } else {
            self = Self.price(text)
        }
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
    }

    // MARK: Prices

    /// A base name, perhaps with the time a cache keeps it, a bound of the prompt, and a service, in this order.
    private static func price(_ text: String) -> FieldMeaning {
        var rest = text[...]
        let service = self.services.first { rest.hasSuffix($0.suffix) }
        if let service { rest = rest.dropLast(service.suffix.count) }
        let above = self.bound(&rest)
        guard let base = self.prices[String(rest)] else { return .unknown }
        // Only some of them have prices for long prompts or services, but nothing else could be meant by such a name.
        if case .ignored = base { return base }
        if let service, service.tier == nil { return .ignored(.service) }
        guard case .price(let thing, _, _) = base, let above else { return .unknown }
        return .price(thing, above: above, service?.tier ?? .standard)
    }

    private static let services: [(suffix: String, tier: ServiceTier?)] = [
        ("_batches", .batch), ("_priority", .priority), ("_flex", .flex), ("_ultrafast", .ultrafast),
        ("_balanced", nil), ("_decisions", nil),
    ]

    /// Takes `_above_272k_tokens` off: 272,000; 0 where there is no such thing; nil for a number that is none.
    private static func bound(_ text: inout Substring) -> UInt32? {
        let end = "_tokens"
        guard text.hasSuffix(end), let start = text.range(ofLast: "_above_") else { return 0 }
        var number = text[start.upperBound...].dropLast(end.count)
        let isThousands = number.hasSuffix("k")
        if isThousands { number = number.dropLast() }
        guard (1...7).contains(number.utf8.count), number.utf8.allSatisfy({ $0 &- 0x30 <= 9 }),
            let value = UInt32(number), value > 0
        else { return nil }
        text = text[..<start.lowerBound]
        return isThousands ? value * 1000 : value
    }

    private static func of(tokens tokenClass: TokenClass) -> FieldMeaning {
        .price(.measure(.tokens(tokenClass)), above: 0, .standard)
    }

    private static func of(units unitClass: UnitClass) -> FieldMeaning {
        .price(.measure(.units(unitClass)), above: 0, .standard)
    }

    private static let prices: [String: FieldMeaning] = [
        "input_cost_per_token": of(tokens: .input),
        "output_cost_per_token": of(tokens: .output),
        "cache_read_input_token_cost": of(tokens: .cacheRead),
        "cache_creation_input_token_cost": of(tokens: .cacheWrite),
        "cache_creation_input_token_cost_above_1hr": of(tokens: .cacheWriteHour),
        "cache_creation_input_token_cost_above_12hr": .ignored(.cacheTime),
        "output_cost_per_reasoning_token": of(tokens: .reasoning),
        "input_cost_per_audio_token": of(tokens: .audioInput),
        "output_cost_per_audio_token": of(tokens: .audioOutput),
        "input_cost_per_image_token": of(tokens: .image),
        "output_cost_per_image_token": of(tokens: .imageOutput),
        "input_cost_per_video_token": of(tokens: .videoInput),
        "output_cost_per_video_token": of(tokens: .videoOutput),
        "cache_read_input_audio_token_cost": of(tokens: .cacheReadAudio),
        "cache_read_input_image_token_cost": of(tokens: .cacheReadImage),
        "cache_creation_input_audio_token_cost": .ignored(.writtenAudio),
        "explicit_cache_read_input_token_cost": .ignored(.explicitCache),
        "citation_cost_per_token": of(tokens: .citation),
        "input_cost_per_request": of(units: .request),
        "input_cost_per_query": of(units: .query),
        "input_cost_per_image": of(units: .imageInput),
        "output_cost_per_image": of(units: .imageOutput),
        "input_cost_per_second": .price(.secondsIn, above: 0, .standard),
        "output_cost_per_second": .price(.secondsOut, above: 0, .standard),
        "input_cost_per_audio_per_second": of(units: .audioInput),
        "output_cost_per_audio_per_second": of(units: .audioOutput),
        "input_cost_per_video_per_second": of(units: .videoInput),
        "output_cost_per_video_per_second": of(units: .videoOutput),
        "input_cost_per_character": of(units: .characterInput),
        "output_cost_per_character": of(units: .characterOutput),
        "ocr_cost_per_page": of(units: .page),
        "input_cost_per_pixel": .ignored(.pixels),
        "output_cost_per_pixel": .ignored(.pixels),
        "cost_per_second": .ignored(.rent),
        "input_dbu_cost_per_token": .ignored(.ownUnit),
        "output_dbu_cost_per_token": .ignored(.ownUnit),
        "ocr_cost_per_credit": .ignored(.ownUnit),
        "guardrail_cost_per_unit": .ignored(.ownUnit),
        "annotation_cost_per_page": .ignored(.tool),
        "code_interpreter_cost_per_session": .ignored(.tool),
        "computer_use_input_cost_per_1k_tokens": .ignored(.tool),
        "computer_use_output_cost_per_1k_tokens": .ignored(.tool),
        "file_search_cost_per_1k_calls": .ignored(.tool),
        "file_search_cost_per_gb_per_day": .ignored(.tool),
        "vector_store_cost_per_gb_per_day": .ignored(.tool),
        "google_maps_grounding_cost_per_query": .ignored(.tool),
        "input_cost_per_text_message": .ignored(.tool),
        "off_peak_pricing": .ignored(.clock),
        "search_free_requests": .ignored(.allowance),
        "regional_endpoint_uplift_multiplier": .ignored(.region),
        "regional_processing_uplift_multiplier_eu": .ignored(.region),
        "regional_processing_uplift_multiplier_us": .ignored(.region),
        "output_cost_per_image_0.5K": .ignored(.quality),
        "output_cost_per_image_1K": .ignored(.quality),
        "output_cost_per_image_2K": .ignored(.quality),
        "output_cost_per_image_4K": .ignored(.quality),
        "output_cost_per_image_512": .ignored(.quality),
        "output_cost_per_image_1024": .ignored(.quality),
        "output_cost_per_image_1536": .ignored(.quality),
        "output_cost_per_second_480p": .ignored(.quality),
        "output_cost_per_second_720p": .ignored(.quality),
        "output_cost_per_second_768p": .ignored(.quality),
        "output_cost_per_second_1080p": .ignored(.quality),
        "output_cost_per_second_2k": .ignored(.quality),
        "output_cost_per_second_4k": .ignored(.quality),
        "input_cost_per_video_per_second_above_8s_interval": .ignored(.length),
        "input_cost_per_video_per_second_above_15s_interval": .ignored(.length),
        // DeepSeek's word for what is read from a cache.
        "input_cost_per_token_cache_hit": of(tokens: .cacheRead),
    ]

    // MARK: Everything else

    private static let fixed: [String: FieldMeaning] = {
        var fixed: [String: FieldMeaning] = [
            "litellm_provider": .provider, "mode": .mode, "deprecation_date": .deprecation,
            "max_input_tokens": .maximumInput, "max_output_tokens": .maximumOutput, "max_tokens": .maximumTokens,
            "tiered_pricing": .tiers, "search_context_cost_per_query": .searches,
        ]
        for name in FieldMeaning.informative { fixed[name] = .information }
        return fixed
    }()

    private static let informative = [
        "audio_transcription_config", "bedrock_converse_supports_strict_tools", "bedrock_output_config_effort_ceiling",
        "comment", "default_reasoning_effort", "gemini_audio_only_live", "gemini_native_audio", "metadata",
        "output_vector_size", "prompt_cache_min_tokens", "provider_specific_entry", "reasoning_contexts",
        "reasoning_effort_levels", "reasoning_modes", "rpm", "rules", "source", "supported_audio_formats",
        "supported_endpoints", "supported_modalities", "supported_output_modalities", "supported_regions",
        "thinking_always_on", "token_count_framing", "token_count_model", "token_count_tokenizer", "tpm",
        "use_openai_responses_path", "uses_embed_content", "vertex_ai_audio_api", "web_search_billing_unit",
    ]
}

extension Substring {
    /// Where `text` stands for the last time.
    fileprivate func range(ofLast text: String) -> Range<Index>? {
        var start = self.utf8.index(self.endIndex, offsetBy: -text.utf8.count, limitedBy: self.startIndex)
        while let place = start {
            if self[place...].utf8.starts(with: text.utf8) {
                return place..<self.utf8.index(place, offsetBy: text.utf8.count)
            }
            start = place > self.startIndex ? self.utf8.index(before: place) : nil
        }
        return nil
    }
}
