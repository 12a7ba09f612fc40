/// A whole catalogue: models of all providers it tells of.
public struct CatalogueDocument: Hashable, Sendable {
    /// By the bytes of their names; none occurs twice.
    public let entries: [CatalogueEntry]
    /// Indexes into `entries`, by provider.
    private let places: [String: [Int]]

    /// `entries` may come in any order; of several with the same name the first is kept.
    public init(_ entries: [CatalogueEntry] = []) {
        var sorted = entries
        if !Self.isInOrder(sorted) {
            var seen: Set<[UInt8]> = []
            sorted = sorted.filter { seen.insert($0.name).inserted }
            sorted.sort { $0.name.lexicographicallyPrecedes($1.name) }
        }
        self.entries = sorted
        var places: [String: [Int]] = [:]
        for (index, entry) in sorted.enumerated() { places[entry.provider, default: []].append(index) }
        self.places = places
    }

    private static func isInOrder(_ entries: [CatalogueEntry]) -> Bool {
        zip(entries, entries.dropFirst()).allSatisfy { $0.name.lexicographicallyPrecedes($1.name) }
    }

    public static func == (a: CatalogueDocument, b: CatalogueDocument) -> Bool { a.entries == b.entries }

    public func hash(into hasher: inout Hasher) { hasher.combine(self.entries) }

    /// The models of a provider (in LiteLLM's words).
    public func entries(of provider: String) -> [CatalogueEntry] {
        (self.places[provider] ?? []).map { self.entries[$0] }
    }

    /// The model with that name, as the file has it.
    public func entry(_ name: [UInt8]) -> CatalogueEntry? {
        var range = self.entries.indices
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            let entry = self.entries[middle]
            if entry.name == name { return entry }
            range =
                entry.name.lexicographicallyPrecedes(name) ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    /// This catalogue with what `newer` says of the models that `isMeant` picks: new ones, changed ones, and without those that
    /// it has no more.
    public func updated(with newer: CatalogueDocument, where isMeant: (CatalogueEntry) -> Bool) -> CatalogueDocument {
        CatalogueDocument(self.entries.filter { !isMeant($0) } + newer.entries.filter(isMeant))
    }
}
