import Domain

/// Reads `limits`, and the limits of anonymous callers.
///
/// A limit that is null is none: it takes a default away. `unlimited` says the same.
struct LimitsSchema {
    private static let largest: Int64 = 1_000_000_000_000_000

    let problems: ProblemSink

    func read(_ reader: MappingReader) -> LimitConfiguration {
        var reader = reader
        var limits = LimitConfiguration()
        limits.global = self.set(&reader, "global", defaults: limits.global)
        limits.mode =
            reader.value("budget_mode", ScalarParser.choice(["strict": .strict, "estimate": .estimate])) ?? limits.mode
        if let percent = reader.value("soft_percent", ScalarParser.integer(1...100)) {
            limits.softPercent = UInt8(percent)
        }
        limits.perAddress = self.set(&reader, "per_ip", defaults: limits.perAddress)
        limits.perKey = self.set(&reader, "per_key", defaults: limits.perKey)
        limits.models = reader.mapping("models").entries.compactMap { self.model($0) }
        limits.allowsUnknownPrice =
            reader.value("unknown_price", ScalarParser.choice(["allow": true, "refuse": false]))
            ?? limits.allowsUnknownPrice
        let slots = Int(LimitTableSettings.slotRange.lowerBound)...Int(LimitTableSettings.slotRange.upperBound)
        if let slots = reader.value("table_slots", ScalarParser.integer(slots)) { limits.tableSlots = UInt32(slots) }
        reader.finish()
        return limits
    }

    /// What callers without a key may use (`auth.anonymous`); nil where the file says nothing of them.
    func anonymous(_ reader: inout MappingReader) -> LimitSettings.Anonymous? {
        guard let entry = reader.entry("anonymous") else { return nil }
        if case .scalar(let scalar) = entry.value.content, scalar.boolean == false { return nil }
        var reader = MappingReader(entry.value, problems: self.problems)
        var anonymous = LimitSettings.Anonymous()
        self.read(&reader, into: &anonymous.limits)
        anonymous.models =
            reader.list("models", of: "models, such as [fast]") { scalar throws(ValueError) in
                Array(try WildcardText.pattern(scalar.text).utf8)
            } ?? []
        reader.finish()
        return anonymous
    }

    private func model(_ entry: DocumentEntry) -> LimitSettings.Model? {
        guard NameText.isModelName(entry.key) else {
            self.problems.problem(at: entry.position, path: entry.value.path, "expected \(NameText.modelNameRule)")
            return nil
        }
        var limits = LimitSet()
        var reader = MappingReader(entry.value, problems: self.problems)
        self.read(&reader, into: &limits)
        reader.finish()
        return LimitSettings.Model(name: Array(entry.key.utf8), limits: limits)
    }

    /// The limits at `key`; none at all where it is null.
    private func set(_ reader: inout MappingReader, _ key: String, defaults: LimitSet) -> LimitSet {
        let isNull = reader.isNull(key)
        var mapping = reader.mapping(key)
        guard !isNull else { return LimitSet() }
        var limits = defaults
        self.read(&mapping, into: &limits)
        mapping.finish()
        return limits
    }

    private func read(_ reader: inout MappingReader, into limits: inout LimitSet) {
        for kind in LimitKind.allCases {
            self.read(kind, "\(kind.name)", &reader, into: &limits)
        }
        // By its other name, which the schema has for anonymous callers.
        self.read(.monthlyTokens, "tokens_per_month", &reader, into: &limits)
    }

    private func read(
        _ kind: LimitKind, _ key: String, _ reader: inout MappingReader, into limits: inout LimitSet
    ) {
        if reader.isNull(key) { limits[kind] = nil }
        let value = reader.value(key, Self.limit(kind))
        guard let value else { return }
        limits[kind] = value == LimitSet.unlimited ? nil : value
    }

    /// A limit of the kind; `LimitSet.unlimited` for the word.
    private static func limit(_ kind: LimitKind) -> ScalarParser.Parse<Int64> {
        { scalar throws(ValueError) in
            if scalar.text == "unlimited" { return LimitSet.unlimited }
            guard kind.unit == .cost else {
                guard scalar.isPlain, let number = DecimalText.parse(scalar.text.utf8), number <= Self.largest else {
                    throw ValueError("expected a whole number of 0 to \(Self.largest), or null for no limit")
                }
                return number
            }
            guard let cost = MoneyText.nanoDollars(scalar.text) else {
                throw ValueError("expected US dollars with at most 9 decimals, such as 12.50, or null for no limit")
            }
            return cost
        }
    }
}
