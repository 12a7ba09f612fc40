/// What only requests with tools are asked for.
extension RequestScanner {
    /// How often the tools of a request let its provider search the web: 0 where there is no such tool, nil where one may search
    /// as often as it likes. `request` is what `scan` has found in the same bytes.
    public func searchLimit(in bytes: UnsafeRawBufferPointer, _ request: ScannedRequest) -> Int64? {
        guard let range = request.toolsRange, range.upperBound <= bytes.count else { return 0 }
        let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
        let limit = unsafe try? self.indexer.read(part, capacity: bytes.count - range.lowerBound) { cursor in
            RequestScanner.searches(&cursor)
        }
        return limit ?? nil
    }

    private static func searches(_ cursor: inout JSONCursor) -> Int64? {
        guard cursor.enterArray() else { return nil }
        var sum: Int64 = 0
        while cursor.nextElement() {
            guard let searches = self.searchesOfTool(&cursor) else { return nil }
            let (total, overflow) = sum.addingReportingOverflow(searches)
            sum = overflow ? .max : total
        }
        return cursor.fault == nil ? sum : nil
    }

    /// A member that comes twice may count in either way.
    private static func searchesOfTool(_ cursor: inout JSONCursor) -> Int64? {
        guard cursor.enterObject() else { return cursor.skip().map { _ in 0 } }
        var isSearch = false
        var uses: Int64? = 0
        var hasUses = false
        while let key = cursor.nextKey() {
            guard let range = cursor.skip() else { return nil }
            if cursor.matches(key, "type") {
                let named = unsafe cursor.bytes(range).starts(with: Array("\"web_search".utf8))
                isSearch = isSearch || named
            } else if cursor.matches(key, "max_uses") {
                let value = unsafe JSONScalar.integer(cursor.bytes(range)).flatMap { $0 >= 0 ? $0 : nil }
                uses = uses.flatMap { most in value.map { max(most, $0) } }
                hasUses = true
            }
        }
        guard isSearch else { return 0 }
        return hasUses ? uses : nil
    }
}
