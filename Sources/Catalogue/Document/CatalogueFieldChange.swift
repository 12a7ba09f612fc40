/// One field of a model that is different.
public struct CatalogueFieldChange: Hashable, Sendable {
    /// As the file calls it.
    public var field: String
    /// What amounts of USD are for, such as `1M tokens`; nil for what is no price.
    public var unit: String?
    /// USD for the unit, or the value as the file has it; nil where there is none.
    public var old: String?
    public var new: String?

    public init(_ field: String, unit: String? = nil, old: String?, new: String?) {
        self.field = field
        self.unit = unit
        self.old = old
        self.new = new
    }

    /// Prices first, in their order.
    static func all(from old: CatalogueEntry?, to new: CatalogueEntry?) -> [CatalogueFieldChange] {
        self.rates(old?.rates ?? [], new?.rates ?? []) + self.facts(old, new)
    }

    private static func rates(
        _ olds: [CatalogueEntry.Rate], _ news: [CatalogueEntry.Rate]
    ) -> [CatalogueFieldChange] {
        var values: [CatalogueField: (old: Int64?, new: Int64?)] = [:]
        for rate in olds { values[rate.field, default: (nil, nil)].old = rate.value }
        for rate in news { values[rate.field, default: (nil, nil)].new = rate.value }
        return values.filter { $0.value.old != $0.value.new }.sorted { $0.key < $1.key }.map { field, value in
            CatalogueFieldChange(
                field.name, unit: field.unit, old: value.old.map { field.dollars($0) },
                new: value.new.map { field.dollars($0) })
        }
    }

    private static func facts(_ old: CatalogueEntry?, _ new: CatalogueEntry?) -> [CatalogueFieldChange] {
        func text(_ value: String?) -> String? { value.flatMap { $0.isEmpty ? nil : $0 } }
        let facts: [(name: String, old: String?, new: String?)] = [
            ("litellm_provider", text(old?.provider), text(new?.provider)), ("mode", text(old?.mode), text(new?.mode)),
            ("max_input_tokens", old?.maximumInput.map(String.init), new?.maximumInput.map(String.init)),
            ("max_output_tokens", old?.maximumOutput.map(String.init), new?.maximumOutput.map(String.init)),
            ("deprecation_date", old?.deprecation?.description, new?.deprecation?.description),
        ]
        let before = Set(old?.capabilities ?? [])
        let after = Set(new?.capabilities ?? [])
        return facts.filter { $0.old != $0.new }.map { CatalogueFieldChange($0.name, old: $0.old, new: $0.new) }
            + before.symmetricDifference(after).sorted().map { name in
                CatalogueFieldChange(
                    name, old: before.contains(name) ? "true" : nil, new: after.contains(name) ? "true" : nil)
            }
    }
}
