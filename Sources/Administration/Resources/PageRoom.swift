/// How much of a listing is in one answer, which has to fit into a frame.
enum PageRoom {
    /// Bytes of JSON in one answer; the frame has some more for what is around them.
    private static let limit = 768 << 10

    /// The first of `found` that go into one answer, at most `limit` of them and at least one; `text` is what is written of one.
    static func page<Item>(_ found: [Item], limit: Int, _ text: (Item) -> [UInt8]) -> ArraySlice<Item> {
        var bytes = 0
        let fitting = found.prefix(limit).prefix { item in
            bytes += text(item).count + 1
            return bytes <= Self.limit
        }
        return found.prefix(max(1, fitting.count))
    }
}
