/// A name that may hold one `*`, which stands for any bytes, none too. Names are bytes: two spellings that merely look
/// alike are two names.
public struct NamePattern: Hashable, Sendable {
    private static let star = UInt8(ascii: "*")

    /// What stands before the `*`; all of it where there is none.
    public let prefix: [UInt8]
    /// What stands behind the `*`; nil where there is none. A second `*` is a byte like others.
    public let suffix: [UInt8]?

    public init(_ text: [UInt8]) {
        guard let place = text.firstIndex(of: NamePattern.star) else {
            self.prefix = text
            self.suffix = nil
            return
        }
        self.prefix = Array(text[..<place])
        self.suffix = Array(text[(place + 1)...])
    }

    /// It stands for one name only.
    public var isExact: Bool { self.suffix == nil }

    /// Bytes that a name must have.
    public var fixedCount: Int { self.prefix.count + (self.suffix?.count ?? 0) }

    /// What the `*` stands for in `name`, nothing for an exact pattern; nil where the pattern does not fit.
    public func match(_ name: [UInt8]) -> ArraySlice<UInt8>? {
        guard let suffix = self.suffix else { return name == self.prefix ? [] : nil }
        guard name.count >= self.fixedCount, name.starts(with: self.prefix),
            name[(name.count - suffix.count)...].elementsEqual(suffix)
        else { return nil }
        return name[self.prefix.count..<(name.count - suffix.count)]
    }

    /// The name that results when the `*` stands for `part`.
    public func filled(with part: ArraySlice<UInt8>) -> [UInt8] {
        guard let suffix = self.suffix else { return self.prefix }
        return self.prefix + part + suffix
    }
}
