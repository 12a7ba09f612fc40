/// What an entry of a list of allowed models may be: the name of an alias, or `provider:model`. One `*` in it stands for any
/// bytes.
public enum ModelPattern {
    /// Entries of one list.
    public static let maximumEntries = 64
    /// Bytes of one entry.
    public static let maximumBytes = 256

    /// Whether this can be an entry: 1 to 256 bytes of UTF-8 without blanks and control characters, with one `*` at the most.
    public static func isPossible(_ entry: [UInt8]) -> Bool {
        guard (1...Self.maximumBytes).contains(entry.count) else { return false }
        var stars = 0
        for byte in entry {
            guard byte > 0x20, byte != 0x7F else { return false }
            if byte == UInt8(ascii: "*") { stars += 1 }
        }
        guard stars <= 1 else { return false }
        return entry.allSatisfy { $0 < 0x80 } || String(validating: entry, as: UTF8.self) != nil
    }
}
