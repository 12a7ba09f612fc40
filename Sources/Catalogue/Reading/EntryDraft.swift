internal import Domain

/// A model whose fields are being read. What some of its prices mean shows when all of them are known.
struct EntryDraft {
    private struct Price {
        var thing: FieldMeaning.PricedThing
        var above: UInt32
        var service: ServiceTier
        var value: Int64
        /// The field.
        var name: [UInt8]
    }

    let name: [UInt8]
    var provider: String?
    var mode = ""
    var deprecation: CatalogueDay?
    var capabilities: [String] = []
    private var maximumInput: UInt32?
    private var maximumOutput: UInt32?
    private var maximumTokens: UInt32?
    private var prices: [Price] = []
    private var seen: Set<[UInt8]> = []

    init(_ name: [UInt8]) {
        self.name = name
    }

    /// False for a field that was there before.
    mutating func begin(_ field: [UInt8]) -> Bool { self.seen.insert(field).inserted }

    /// 0 stands for what is not known.
    mutating func set(_ bound: FieldMeaning, _ tokens: UInt32) {
        guard tokens > 0 else { return }
        switch bound {
        case .maximumInput: self.maximumInput = tokens
        case .maximumOutput: self.maximumOutput = tokens
        default: self.maximumTokens = tokens
        }
    }

    mutating func add(
        _ thing: FieldMeaning.PricedThing, above: UInt32, _ service: ServiceTier, _ value: Int64, _ name: [UInt8]
    ) {
        self.prices.append(Price(thing: thing, above: above, service: service, value: value, name: name))
    }

    /// nil for a model that is nobody's. What of its prices is not used is noted.
    func finish(_ notes: inout CatalogueNotes) -> CatalogueEntry? {
        guard let provider else { return nil }
        let tokens = Set(
            self.prices.compactMap { price -> TokenClass? in
                guard case .measure(.tokens(let tokenClass)) = price.thing, price.value > 0 else { return nil }
                return tokenClass
            })
        var rates: [CatalogueField: Int64] = [:]
        for price in self.prices {
            switch self.measure(price, tokens) {
            case .success(let measure):
                let field = CatalogueField(measure, above: price.above, service: price.service)
                // The first counts: a field of its own before one that means the same, a price before one of nothing.
                if rates[field, default: 0] == 0 { rates[field] = price.value }
            case .failure(let reason): notes.ignored(price.name, in: self.name, reason.reason)
            }
        }
        return CatalogueEntry(
            name: self.name, provider: provider, mode: self.mode, maximumInput: self.maximumInput,
            maximumOutput: self.maximumOutput ?? self.maximumTokens, deprecation: self.deprecation,
            capabilities: self.capabilities.sorted(),
            rates: rates.map { CatalogueEntry.Rate($0.key, $0.value) }.sorted { $0.field < $1.field })
    }

    private struct Unused: Error {
        var reason: IgnoredPrice
    }

    /// What a price counts in this model. What is counted in tokens is not charged a second time by the piece.
    private func measure(_ price: Price, _ tokens: Set<TokenClass>) -> Result<CatalogueField.Measure, Unused> {
        let readsTokens = self.mode != "embedding" && tokens.contains(.input)
        let writesTokens = tokens.contains(.output)
        switch price.thing {
        case .secondsIn:
            guard ["audio_transcription", "audio_speech", "realtime"].contains(self.mode) else {
                return .failure(Unused(reason: .rent))
            }
            return readsTokens ? .failure(Unused(reason: .twice)) : .success(.units(.audioInput))
        case .secondsOut:
            switch self.mode {
            case "video_generation": return .success(.units(.videoOutput))
            // The time of the recording, under either name.
            case "audio_transcription": return .success(.units(.audioInput))
            case "audio_speech", "realtime":
                return writesTokens ? .failure(Unused(reason: .twice)) : .success(.units(.audioOutput))
            default: return .failure(Unused(reason: .rent))
            }
        case .measure(.units(.imageInput)):
            // In models that only make images it is what one of those costs.
            if self.mode == "image_generation", !self.hasPriceOfImages {
                return writesTokens || tokens.contains(.imageOutput)
                    ? .failure(Unused(reason: .twice)) : .success(.units(.imageOutput))
            }
            return readsTokens ? .failure(Unused(reason: .twice)) : .success(.units(.imageInput))
        case .measure(.units(.imageOutput)):
            let isInTokens = writesTokens || tokens.contains(.imageOutput)
            return isInTokens ? .failure(Unused(reason: .twice)) : .success(.units(.imageOutput))
        case .measure(.units(let unit)) where unit.isTime || unit == .characterInput || unit == .characterOutput:
            let isInput = [.audioInput, .videoInput, .characterInput].contains(unit)
            return (isInput ? readsTokens : writesTokens) ? .failure(Unused(reason: .twice)) : .success(.units(unit))
        case .measure(let measure): return .success(measure)
        }
    }

    private var hasPriceOfImages: Bool {
        self.prices.contains { $0.thing == .measure(.units(.imageOutput)) }
    }
}
