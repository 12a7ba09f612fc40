import JSON
import Testing

extension HeardReply {
    /// Reads a stream as strictly as OpenAI's own clients may.
    init(strictly stream: TranslatedStream) throws {
        self.init()
        var roles: [Int64: Int] = [:]
        var finishes: [Int64: Int] = [:]
        let payloads = stream.payloads
        #expect(payloads.last == "[DONE]")
        var names: Set<[JSONValue?]> = []
        var sawUsage = false
        for payload in payloads.dropLast() {
            let tree = try JSONReader().read(Array(payload.utf8), maximumBytes: 1 << 24)
            #expect(!sawUsage, "something follows the usage")
            names.insert([tree["id"], tree["created"], tree["model"]])
            if case .object? = tree["usage"] {
                sawUsage = true
                #expect(tree["choices"] == .array([]))
            } else {
                #expect(tree["usage"] == .null)
                #expect(tree["choices"]?.array?.count == 1)
            }
            for choice in tree["choices"]?.array ?? [] {
                let index = choice["index"]?.integer ?? -1
                if choice["delta"]?["role"] != nil { roles[index, default: 0] += 1 }
                #expect(roles[index] == 1)
                #expect(finishes[index] == nil)
                if choice["finish_reason"] != .null { finishes[index, default: 0] += 1 }
            }
            self.hear(tree, isStream: true)
        }
        #expect(Set(finishes.keys) == Set(self.choices.keys))
        #expect(names.count == 1, "one id, time and model")
    }
}
