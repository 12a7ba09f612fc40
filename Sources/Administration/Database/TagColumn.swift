import Database
import JSON

// Tags are a JSON list of strings; NULL where there are none.
extension DatabaseStatement {
    /// Binds a list to a parameter.
    func bind(_ number: Int, tags: [String]) throws(DatabaseError) {
        guard !tags.isEmpty else { return try self.bindNull(number) }
        var writer = JSONWriter()
        writer.beginArray()
        for tag in tags { writer.string(tag) }
        writer.endArray()
        try self.bind(number, text: writer.bytes)
    }

    /// The list in a column; nil where it is none.
    func tags(_ column: Int) -> [String]? {
        guard !self.isNull(column) else { return [] }
        guard case .array(let values)? = try? JSONReader().read(self.bytes(column), maximumBytes: 1 << 20) else {
            return nil
        }
        var tags: [String] = []
        for value in values {
            guard case .string(let bytes) = value else { return nil }
            tags.append(String(decoding: bytes, as: UTF8.self))
        }
        return tags
    }
}
