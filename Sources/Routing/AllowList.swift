/// What a key, a project or a caller without a key may ask for. No list at all allows everything; an empty one nothing.
///
/// An entry is the name of an alias, or `provider:model`, and may hold one `*`. One that fits the alias that was asked for
/// allows all the alias leads to; otherwise each target needs an entry of its own. A name that is no alias's needs an entry
/// for what is really sent, or its own spelling as an entry without `*`.
public struct AllowList: Hashable, Sendable {
    private let exact: Set<[UInt8]>
    private let patterns: [NamePattern]

    public init(_ entries: [[UInt8]]) {
        let patterns = entries.map { NamePattern($0) }
        self.exact = Set(patterns.filter(\.isExact).map(\.prefix))
        self.patterns = patterns.filter { !$0.isExact }
    }

    /// Whether an entry fits the name of an alias, or of a target.
    public func allows(_ name: [UInt8]) -> Bool {
        self.exact.contains(name) || self.patterns.contains { $0.match(name) != nil }
    }

    /// Whether an entry is spelled like that.
    public func names(_ name: [UInt8]) -> Bool { self.exact.contains(name) }
}
