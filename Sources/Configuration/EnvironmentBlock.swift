/// An environment as the kernel hands it over: NUL-separated `NAME=value` bytes, as in `/proc/self/environ`.
public struct EnvironmentBlock: Hashable, Sendable {
    /// The whole block, as it was given.
    public let bytes: [UInt8]

    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The variables by name. The first of two with one name counts, as in getenv(3); what has no name or no `=` is left
    /// out; invalid UTF-8 is repaired, so that such a value fails the checks of what it is used for.
    public var values: [String: String] {
        var values: [String: String] = [:]
        for entry in self.entries {
            guard let separator = entry.firstIndex(of: UInt8(ascii: "=")), separator > entry.startIndex else {
                continue
            }
            let name = String(decoding: entry[..<separator], as: UTF8.self)
            if values[name] == nil {
                values[name] = String(decoding: entry[entry.index(after: separator)...], as: UTF8.self)
            }
        }
        return values
    }

    /// The entries, byte for byte, whose name `isKept` accepts.
    public func entries(where isKept: (_ name: String) -> Bool) -> [[UInt8]] {
        self.entries.compactMap { entry in
            guard let separator = entry.firstIndex(of: UInt8(ascii: "=")), separator > entry.startIndex else {
                return nil
            }
            return isKept(String(decoding: entry[..<separator], as: UTF8.self)) ? Array(entry) : nil
        }
    }

    private var entries: [ArraySlice<UInt8>] { self.bytes.split(separator: 0) }
}
