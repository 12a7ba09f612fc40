import JSON

extension JSONValue {
    /// The sum of members of an object that are integers.
    func sum(_ members: [StaticString]) -> Int64 {
        members.reduce(0) { sum, member in
            let (next, overflow) = sum.addingReportingOverflow(self[member]?.integer ?? 0)
            return overflow ? .max : next
        }
    }

    /// The tokens of a prompt that were not read from a cache.
    var promptTokens: Int64 { self.sum(["input", "cache_write", "cache_write_1h", "audio_input", "image"]) }
}
