internal import JSON

/// Takes the parts of an event out of the text they stand in.
struct AnthropicPiece {
    let event: AnthropicEvent
    private let reader: DialectReader

    init(_ event: AnthropicEvent, _ reader: DialectReader) {
        self.event = event
        self.reader = reader
    }

    /// Whether the block that starts, or the delta, is of that type.
    func isPart(_ type: StaticString, _ cursor: borrowing JSONCursor) -> Bool {
        guard let range = self.event.partType else { return false }
        return cursor.matches(range, type)
    }

    /// What a string stands for, given its content; empty where there is none.
    func text(_ range: Range<Int>?, _ cursor: borrowing JSONCursor) throws(StreamFault) -> [UInt8] {
        guard let range else { return [] }
        return try cursor.unescaped(range)
    }

    /// A value as JSON in one line, every part of it checked; nil where it is none, or says nothing: null, or an empty
    /// string, list or object.
    func json(_ range: Range<Int>?, _ cursor: borrowing JSONCursor) -> [UInt8]? {
        guard let range, !range.isEmpty else { return nil }
        let bytes = unsafe cursor.bytes(range)
        guard let tree = unsafe try? self.reader.trees.read(bytes, capacity: bytes.count, maximumBytes: bytes.count)
        else { return nil }
        switch tree {
        case .null, .object([]), .array([]), .string([]): return nil
        default:
            var writer = JSONWriter()
            writer.value(tree)
            return writer.bytes
        }
    }

    /// The members that say something, of those that stand at these keys and values.
    func members(
        _ ranges: [(Range<Int>, Range<Int>)], _ cursor: borrowing JSONCursor, maximumBytes: Int
    ) -> [RawMember] {
        ranges.compactMap { key, value in
            guard value.count <= maximumBytes, let json = self.json(value, cursor),
                let name = try? self.text(key, cursor)
            else { return nil }
            return RawMember(key: name, value: json)
        }
    }
}
