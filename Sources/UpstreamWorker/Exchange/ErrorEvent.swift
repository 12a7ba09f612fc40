/// Finds the error in the beginning of a stream: before it may stand what opens an answer, behind it `[DONE]` or whatever else
/// the provider sends. Pure.
enum ErrorEvent {
    private static let data = Array("data:".utf8)
    private static let name = Array("\"error\"".utf8)

    /// The first event that has an `error` with a value; nil where there is none, and for what is no stream.
    static func range(in body: [UInt8]) -> Range<Int>? {
        var start = 0
        var hasError = false
        var line = 0
        while line < body.count {
            let end = body[line...].firstIndex(of: 0x0A) ?? body.count
            let text = body[line..<end]
            if text.isEmpty || text.elementsEqual([0x0D]) {
                if hasError { return start..<line }
                start = end + 1
            } else if text.starts(with: self.data), self.hasError(text) {
                hasError = true
            }
            line = end + 1
        }
        return hasError ? start..<body.count : nil
    }

    private static func hasError(_ line: ArraySlice<UInt8>) -> Bool {
        var rest = line
        while let quote = rest.firstIndex(of: self.name[0]) {
            rest = rest[quote...]
            guard rest.starts(with: self.name) else {
                rest = rest.dropFirst()
                continue
            }
            rest = rest.dropFirst(self.name.count)
            let value = rest.drop { $0 == 0x20 || $0 == 0x09 }
            guard value.first == UInt8(ascii: ":") else { continue }
            if let first = value.dropFirst().first(where: { $0 > 0x20 }), first != UInt8(ascii: "n") { return true }
        }
        return false
    }
}
