/// What would change if one catalogue took the place of another.
public struct CatalogueDifference: Hashable, Sendable {
    /// One model that is new, gone or different.
    public struct Change: Hashable, Sendable {
        /// nil for a new one.
        public var old: CatalogueEntry?
        /// nil for one that is gone.
        public var new: CatalogueEntry?

        public init(old: CatalogueEntry?, new: CatalogueEntry?) {
            self.old = old
            self.new = new
        }

        /// As the file has it.
        public var name: [UInt8] { (self.new ?? self.old)?.name ?? [] }

        /// What is different, field by field; of a new model everything that is said of it, of one that is gone everything that was.
        public var fields: [CatalogueFieldChange] { CatalogueFieldChange.all(from: self.old, to: self.new) }
    }

    /// In the order of the names.
    public private(set) var changes: [Change] = []

    public init(from old: CatalogueDocument, to new: CatalogueDocument) {
        var olds = old.entries[...]
        var news = new.entries[...]
        while let first = olds.first, let second = news.first {
            if first.name == second.name {
                if first != second { self.changes.append(Change(old: first, new: second)) }
                olds.removeFirst()
                news.removeFirst()
            } else if first.name.lexicographicallyPrecedes(second.name) {
                self.changes.append(Change(old: first, new: nil))
                olds.removeFirst()
            } else {
                self.changes.append(Change(old: nil, new: second))
                news.removeFirst()
            }
        }
        self.changes += olds.map { Change(old: $0, new: nil) } + news.map { Change(old: nil, new: $0) }
    }

    public var added: Int { self.changes.count { $0.old == nil } }
    public var removed: Int { self.changes.count { $0.new == nil } }
    public var changed: Int { self.changes.count - self.added - self.removed }
}
