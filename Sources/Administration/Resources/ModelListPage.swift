/// How much of a listing is in one answer, which has to fit into a frame.
enum ModelListPage {
    /// Bytes of lists of models in one answer. Escaped they take twice as much at the most, which leaves half a frame for the
    /// rest.
    private static let limit = 256 << 10

    /// How many of the first things listed go into one answer, by the lists of models they have; at least one.
    static func count(_ lists: [[[UInt8]]]) -> Int {
        var bytes = 0
        for (index, list) in lists.enumerated() {
            // Each entry has quotes and a comma.
            bytes += list.reduce(0) { $0 + $1.count + 3 }
            if bytes > Self.limit { return max(1, index) }
        }
        return lists.count
    }
}
