internal import Domain
internal import JSON

/// The walk over one file. Each name of a field is looked into once.
struct CatalogueWalk {
    /// Objects of the format that are no models: what its fields mean, and what holds for models that it does not have.
    private static let notModels: [StaticString] = ["sample_spec", "fallback_generalizations"]

    private var meanings: [[UInt8]: FieldMeaning] = [:]
    private var words: Set<String> = []
    private var names: Set<[UInt8]> = []
    private var entries: [CatalogueEntry] = []
    private var notes = CatalogueNotes()

    mutating func document(_ cursor: inout JSONCursor) -> Result<CatalogueReading, CatalogueFault> {
        guard cursor.enterObject() else {
            return .failure(CatalogueFault("it is not a JSON object with a member for each model"))
        }
        while let key = cursor.nextKey() {
            guard self.names.count < CatalogueReader.maximumModels else {
                return .failure(CatalogueFault("it has more than \(CatalogueReader.maximumModels) models"))
            }
            let isModel = !Self.notModels.contains { cursor.matches(key, $0) }
            guard isModel, let name = self.name(key, cursor) else {
                _ = cursor.skip()
                continue
            }
            self.model(name, &cursor)
        }
        if let fault = cursor.fault { return .failure(CatalogueReader.fault(fault)) }
        guard cursor.isAtEnd else { return .failure(CatalogueFault("something stands behind its end")) }
        guard !self.entries.isEmpty else { return .failure(CatalogueFault("it has no models")) }
        return .success(CatalogueReading(CatalogueDocument(self.entries), self.notes))
    }

    /// nil for a name that cannot be used, or was there before.
    private mutating func name(_ key: Range<Int>, _ cursor: borrowing JSONCursor) -> [UInt8]? {
        guard let name = Self.text(key, cursor, limit: CatalogueReader.maximumName), !name.isEmpty,
            name.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else {
            self.notes.leftOut(unsafe [UInt8](cursor.bytes(key)), "its name cannot be used")
            return nil
        }
        guard self.names.insert(name).inserted else {
            self.notes.leftOut(name, "it is there twice; the first counts")
            return nil
        }
        return name
    }

    private mutating func model(_ name: [UInt8], _ cursor: inout JSONCursor) {
        guard cursor.enterObject() else {
            _ = cursor.skip()
            return self.notes.leftOut(name, "it is not an object")
        }
        var draft = EntryDraft(name)
        while let key = cursor.nextKey() {
            guard let field = Self.text(key, cursor, limit: 256) else {
                _ = cursor.skip()
                self.notes.unknown(unsafe [UInt8](cursor.bytes(key)), in: name)
                continue
            }
            self.field(field, &draft, &cursor)
        }
        guard cursor.fault == nil else { return }
        guard let entry = draft.finish(&self.notes) else {
            return self.notes.leftOut(name, "it has no litellm_provider")
        }
        self.entries.append(entry)
    }

    /// Takes one field, of whatever value.
    private mutating func field(_ field: [UInt8], _ draft: inout EntryDraft, _ cursor: inout JSONCursor) {
        guard draft.begin(field) else {
            _ = cursor.skip()
            return self.notes.bad(field, in: draft.name, "it is there twice; the first counts")
        }
        switch self.meaning(of: field) {
        case .tiers: self.tiers(field, &draft, &cursor)
        case .searches: self.searches(field, &draft, &cursor)
        case let meaning:
            guard let value = cursor.skip() else { return }
            guard let problem = self.take(meaning, field, value, cursor, &draft) else { return }
            self.notes.bad(field, in: draft.name, problem)
        }
    }

    /// Returns what is wrong with the value.
    private mutating func take(
        _ meaning: FieldMeaning, _ field: [UInt8], _ value: Range<Int>, _ cursor: borrowing JSONCursor,
        _ draft: inout EntryDraft
    ) -> String? {
        // What has no value says nothing.
        if unsafe JSONScalar.isNull(cursor.bytes(value)) { return nil }
        switch meaning {
        case .provider, .mode, .deprecation: return self.takeText(meaning, value, cursor, &draft)
        case .maximumInput, .maximumOutput, .maximumTokens:
            let number = unsafe ExactDecimal.read(cursor.bytes(value), places: 0, maximum: Int64(UInt32.max))
            guard let number, number.isExact else { return "it is not a whole number" }
            draft.set(meaning, UInt32(clamping: number.value))
        case .capability(let name):
            guard let isThere = unsafe JSONScalar.boolean(cursor.bytes(value)) else {
                return "it is neither true nor false"
            }
            if isThere { draft.capabilities.append(self.shared(name)) }
        case .price(let thing, let above, let service):
            guard let rate = self.rate(value, cursor) else { return Self.noPrice }
            draft.add(thing, above: above, service, rate, field)
        case .ignored(let reason): self.notes.ignored(field, in: draft.name, reason)
        case .information, .tiers, .searches: break
        case .unknown: self.notes.unknown(field, in: draft.name)
        }
        return nil
    }

    private static let noPrice = "it is not an amount of USD from 0 to 1,000,000"

    private mutating func takeText(
        _ meaning: FieldMeaning, _ value: Range<Int>, _ cursor: borrowing JSONCursor, _ draft: inout EntryDraft
    ) -> String? {
        guard let text = Self.string(value, cursor), !text.isEmpty else { return "it is not a text" }
        guard meaning == .deprecation else {
            guard text.count <= 80, text.allSatisfy({ (0x21...0x7E).contains($0) }) else { return "it is not a word" }
            let word = self.shared(String(decoding: text, as: UTF8.self))
            if meaning == .mode { draft.mode = word } else { draft.provider = word }
            return nil
        }
        guard let day = CatalogueDay(text) else { return "it is not a day such as 2027-01-31" }
        draft.deprecation = day
        return nil
    }

    // MARK: Prices that are objects

    /// `[{"range": [0, 256000], "input_cost_per_token": …}, …]`: each holds for prompts above the first number of its range.
    private mutating func tiers(_ field: [UInt8], _ draft: inout EntryDraft, _ cursor: inout JSONCursor) {
        guard cursor.enterArray() else {
            _ = cursor.skip()
            return self.notes.bad(field, in: draft.name, "it is not a list")
        }
        while cursor.nextElement() {
            guard cursor.enterObject() else {
                _ = cursor.skip()
                self.notes.bad(field, in: draft.name, "an entry is not an object")
                continue
            }
            self.tier(field, &draft, &cursor)
        }
    }

    private mutating func tier(_ field: [UInt8], _ draft: inout EntryDraft, _ cursor: inout JSONCursor) {
        var above: UInt32?
        var rates: [(thing: FieldMeaning.PricedThing, service: ServiceTier, value: Int64, name: [UInt8])] = []
        var isOfPrompts = true
        while let key = cursor.nextKey() {
            let name = Self.text(key, cursor, limit: 256) ?? []
            if name.elementsEqual("range".utf8) {
                above = self.lowerBound(&cursor)
                continue
            }
            guard let value = cursor.skip() else { return }
            if case .price(let thing, 0, let service) = self.meaning(of: name), let rate = self.rate(value, cursor) {
                rates.append((thing, service, rate, name))
            } else if name.elementsEqual("max_results_range".utf8) {
                isOfPrompts = false
            } else {
                self.notes.bad(
                    field, in: draft.name, "an entry has \(CatalogueNotes.shown(name)), which cannot be used")
            }
        }
        guard isOfPrompts else { return self.notes.ignored(field, in: draft.name, .quality) }
        guard let above else { return self.notes.bad(field, in: draft.name, "an entry has no range") }
        for rate in rates { draft.add(rate.thing, above: above, rate.service, rate.value, rate.name) }
    }

    /// The first of two numbers; nil where there are none.
    private func lowerBound(_ cursor: inout JSONCursor) -> UInt32? {
        guard cursor.enterArray() else {
            _ = cursor.skip()
            return nil
        }
        var numbers: [ExactDecimal.Scaled?] = []
        while cursor.nextElement() {
            guard let value = cursor.skip() else { return nil }
            guard numbers.count < 2 else { continue }
            numbers.append(unsafe ExactDecimal.read(cursor.bytes(value), places: 0, maximum: Int64(UInt32.max)))
        }
        guard let first = numbers.first, let bound = first, bound.isExact else { return nil }
        return UInt32(clamping: bound.value)
    }

    /// `{"search_context_size_low": 0.005, "search_context_size_medium": 0.008, …}`; medium is the usual one.
    private mutating func searches(_ field: [UInt8], _ draft: inout EntryDraft, _ cursor: inout JSONCursor) {
        guard cursor.enterObject() else {
            _ = cursor.skip()
            return self.notes.bad(field, in: draft.name, "it is not an object")
        }
        while let key = cursor.nextKey() {
            let unit = Self.searches.first { cursor.matches(key, $0.size) }?.unit
            guard let value = cursor.skip() else { return }
            guard let unit, let rate = self.rate(value, cursor) else {
                self.notes.bad(field, in: draft.name, Self.noPrice)
                continue
            }
            draft.add(.measure(.units(unit)), above: 0, .standard, rate, field)
        }
    }

    private static let searches: [(size: StaticString, unit: UnitClass)] = [
        ("search_context_size_low", .queryLow), ("search_context_size_medium", .query),
        ("search_context_size_high", .queryHigh),
    ]

    // MARK: -

    /// pico-USD.
    private mutating func rate(_ value: Range<Int>, _ cursor: borrowing JSONCursor) -> Int64? {
        guard
            let rate = unsafe ExactDecimal.read(cursor.bytes(value), places: 12, maximum: 1_000_000_000_000_000_000)
        else { return nil }
        if !rate.isExact { self.notes.rounded += 1 }
        return rate.value
    }

    private mutating func meaning(of field: [UInt8]) -> FieldMeaning {
        if let meaning = self.meanings[field] { return meaning }
        let meaning = FieldMeaning(field)
        // As many as a file of today has, many times over.
        if self.meanings.count < 10_000 { self.meanings[field] = meaning }
        return meaning
    }

    /// The same text for all that have it, so that it is in memory once.
    private mutating func shared(_ word: String) -> String { self.words.insert(word).memberAfterInsert }

    /// What stands between the quotes of a key, unescaped.
    private static func text(_ key: Range<Int>, _ cursor: borrowing JSONCursor, limit: Int) -> [UInt8]? {
        let content = unsafe cursor.bytes(key)
        // An escape has six bytes for one at the most.
        guard content.count <= limit * 6 else { return nil }
        guard unsafe JSONText.hasEscapes(content) else { return content.count <= limit ? unsafe [UInt8](content) : nil }
        var text: [UInt8] = []
        guard unsafe JSONText.unescape(content, into: &text), text.count <= limit else { return nil }
        return text
    }

    /// What a value is, where it is a string.
    private static func string(_ value: Range<Int>, _ cursor: borrowing JSONCursor) -> [UInt8]? {
        guard value.count >= 2, unsafe cursor.bytes(value).first == UInt8(ascii: "\"") else { return nil }
        return self.text(value.lowerBound + 1..<value.upperBound - 1, cursor, limit: 256)
    }
}
