internal import Glibc
import Domain

/// A target of an alias, prepared: its price is looked up, and it has a number by which it is recognised after a reload.
struct Candidate {
    /// Its model is a pattern's where `pattern` is not nil.
    var target: Target
    /// Set where the model has a `*`.
    var pattern: NamePattern?
    var weight: UInt32
    /// A hash of provider and model, by their names.
    let identity: UInt64

    init(_ choice: RouteTable.Choice, provider: [UInt8], hasStar: Bool) {
        self.target = choice.target
        self.weight = choice.weight
        self.identity = StableHash.of(choice.target.model, seed: StableHash.of(provider))
        let pattern = NamePattern(choice.target.model)
        self.pattern = hasStar && !pattern.isExact ? pattern : nil
    }

    /// Where it stands when targets are drawn by their weights, the least first: drawn again with the same `seed` it has the
    /// same number, whatever other targets there are.
    ///
    /// Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006): the least of -ln(u)/w is each one with a
    /// probability in proportion to w, and so on for the rest. With u from a hash it is weighted rendezvous hashing.
    func draw(_ seed: UInt64) -> Double {
        guard self.weight > 0 else { return .infinity }
        let bits = StableHash.spread(seed ^ self.identity) >> 11
        return -log((Double(bits) + 0.5) * 0x1p-53) / Double(self.weight)
    }
}
