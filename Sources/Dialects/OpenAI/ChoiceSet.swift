/// A set of choices of a reply, by index.
public struct ChoiceSet: Hashable, Sendable {
    /// The largest `n` that OpenAI takes; the choices of higher indexes count as one.
    private static let maximumCount: Int64 = 128

    private var bits: UInt128 = 0

    public init() {}

    /// A negative index counts as 0.
    public mutating func insert(_ index: Int64) {
        self.bits |= 1 << UInt128(min(max(index, 0), Self.maximumCount - 1))
    }

    public mutating func formUnion(_ other: ChoiceSet) {
        self.bits |= other.bits
    }

    public func isSuperset(of other: ChoiceSet) -> Bool {
        other.bits & ~self.bits == 0
    }
}
