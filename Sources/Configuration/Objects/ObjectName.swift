/// Which provider, alias or price is meant. Names are bytes: no two of them are the same because they look the same.
public struct ObjectName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let kind: ObjectKind
    private let bytes: [UInt8]

    public init(_ kind: ObjectKind, _ text: String) {
        self.kind = kind
        self.bytes = Array(text.utf8)
    }

    /// A provider's or an alias's name, or a price's `provider:model`.
    public var text: String { String(decoding: self.bytes, as: UTF8.self) }

    public var description: String { "\(self.kind.section).\(self.text)" }

    public static func < (left: ObjectName, right: ObjectName) -> Bool {
        guard left.kind == right.kind else { return left.kind.rawValue < right.kind.rawValue }
        return left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
