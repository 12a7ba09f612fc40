internal import JSON

/// Values that ask for nothing: a provider that cannot do what the member is for does the same without it. Pure.
enum NeutralValue {
    /// Whether `value`, a JSON text, asks for nothing as the value of that member.
    static func isNeutral(_ value: UnsafeRawBufferPointer, of member: [UInt8]) -> Bool {
        let text = unsafe value.filter { $0 > 0x20 }
        for word: StaticString in ["null", "false", "[]", "{}", "\"\""] where JSONName.equals(text, word) {
            return true
        }
        if JSONName.equals(member, "n") { return JSONName.equals(text, "1") }
        if JSONName.equals(member, "parallel_tool_calls") { return JSONName.equals(text, "true") }
        if JSONName.equals(member, "modalities") { return JSONName.equals(text, "[\"text\"]") }
        if JSONName.equals(member, "thinking") { return JSONName.equals(text, "{\"type\":\"disabled\"}") }
        if JSONName.equals(member, "tool_choice") || JSONName.equals(member, "function_call") {
            return JSONName.equals(text, "\"none\"") || JSONName.equals(text, "\"auto\"")
        }
        // Penalties and alternatives of none; a seed of 0 is a seed.
        if JSONName.equals(member, "seed") { return false }
        return unsafe JSONScalar.number(value) == 0
    }

    /// Whether `word` occurs in `value`.
    static func mentions(_ value: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard value.count >= count else { return false }
        search: for start in 0...(value.count &- count) {
            for index in 0..<count where unsafe value[start &+ index] != word.utf8Start[index] { continue search }
            return true
        }
        return false
    }
}
