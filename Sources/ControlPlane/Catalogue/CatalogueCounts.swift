import Catalogue

/// How many models are different.
struct CatalogueCounts: Hashable, Sendable {
    var added: Int
    var removed: Int
    var changed: Int

    init(_ difference: CatalogueDifference) {
        self.added = difference.added
        self.removed = difference.removed
        self.changed = difference.changed
    }

    var text: String { "\(self.added) new, \(self.removed) gone, \(self.changed) changed" }
}
