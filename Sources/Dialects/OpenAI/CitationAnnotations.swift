internal import JSON

/// Citations in Anthropic's shape as OpenAI's clients know them: what was found in the web becomes a `url_citation`; what stands
/// in a document that the client sent has no such shape and is passed as it is, under `citations`.
struct CitationAnnotations {
    /// Characters of the text so far, and where the part that is cited begins and ends.
    private var length = 0
    private var start = 0
    private var end = 0

    /// Text went out.
    mutating func take(_ text: [UInt8]) {
        for byte in text where byte & 0xC0 != 0x80 { self.length &+= 1 }
    }

    /// Further citations are of the text from here on.
    mutating func beginPart() {
        self.start = self.length
        self.end = self.length
    }

    /// The annotation that says it; nil where there is no such.
    mutating func annotation(_ citation: JSONValue) -> JSONValue? {
        if self.end != self.length {
            self.start = self.end
            self.end = self.length
        }
        guard let url = citation["url"], url.string != nil else { return nil }
        func member(_ name: String, _ value: JSONValue) -> JSONValue.Member {
            JSONValue.Member(key: Array(name.utf8), value: value)
        }
        let source: JSONValue = .object([
            member("start_index", .integer(Int64(self.start))), member("end_index", .integer(Int64(self.end))),
            member("url", url), member("title", .string(citation["title"]?.string ?? [])),
        ])
        return .object([member("type", .string(Array("url_citation".utf8))), member("url_citation", source)])
    }
}
