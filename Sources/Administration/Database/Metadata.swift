import Database
import JSON

/// What somebody has noted of an organization, a project or a key: names with texts, which mean nothing to the gateway. At most 32 names.
public struct Metadata: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        /// UTF-8, 1 to 64 bytes.
        public var name: [UInt8]
        /// UTF-8, at most 512 bytes.
        public var value: [UInt8]

        public init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    public static let maximumEntries = 32
    public static let maximumName = 64
    public static let maximumValue = 512

    /// In the order of the names' bytes; no name twice.
    public private(set) var entries: [Entry]

    public init() {
        self.entries = []
    }

    /// nil where there are too many, one is too long, or a name occurs twice.
    public init?(_ entries: [Entry]) {
        let sorted = entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
        guard sorted.count <= Self.maximumEntries,
            sorted.allSatisfy({
                (1...Self.maximumName).contains($0.name.count) && $0.value.count <= Self.maximumValue
            }), !zip(sorted, sorted.dropFirst()).contains(where: { $0.name == $1.name })
        else { return nil }
        self.entries = sorted
    }

    /// Writes the object.
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for entry in self.entries {
            writer.key(entry.name)
            writer.string(entry.value)
        }
        writer.endObject()
    }

    // MARK: The column: JSON; NULL where there is none.

    var column: [UInt8]? {
        guard !self.entries.isEmpty else { return nil }
        var writer = JSONWriter()
        self.write(to: &writer)
        return writer.bytes
    }

    /// nil for a column that holds anything else.
    init?(_ row: any DatabaseStatement, _ column: Int) {
        guard !row.isNull(column) else {
            self.init()
            return
        }
        guard case .object(let members)? = try? JSONReader().read(row.bytes(column), maximumBytes: 1 << 20) else {
            return nil
        }
        var entries: [Entry] = []
        for member in members {
            guard case .string(let value) = member.value else { return nil }
            entries.append(Entry(name: member.key, value: value))
        }
        self.init(entries)
    }
}
