/// One edit of a request body: `removed` bytes at `offset` give way to `replacement`. All other bytes stay as they are.
public struct BodySplice: Hashable, Sendable {
    public var offset: Int
    public var removed: Int
    public var replacement: [UInt8]

    public init(offset: Int, removed: Int, replacement: [UInt8]) {
        self.offset = offset
        self.removed = removed
        self.replacement = replacement
    }

    /// The edited body, or nil when the splices are out of range, out of order or overlap (they may come from another
    /// process). One allocation.
    public static func apply(_ splices: [BodySplice], to body: [UInt8]) -> [UInt8]? {
        var size = body.count
        var end = 0
        for splice in splices {
            guard splice.offset >= end, splice.removed >= 0, splice.offset <= body.count,
                splice.removed <= body.count - splice.offset
            else { return nil }
            end = splice.offset + splice.removed
            size += splice.replacement.count - splice.removed
        }
        var result: [UInt8] = []
        result.reserveCapacity(size)
        var copied = 0
        for splice in splices {
            result.append(contentsOf: body[copied..<splice.offset])
            result.append(contentsOf: splice.replacement)
            copied = splice.offset + splice.removed
        }
        result.append(contentsOf: body[copied...])
        return result
    }
}
