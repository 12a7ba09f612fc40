import JSON
import Testing

/// What only some requests are asked for.
@Suite struct PromptTests {
    private let scanner = RequestScanner()

    private func count(_ text: String) throws -> Int {
        let bytes = Array(text.utf8)
        let request = try self.scanner.scan(bytes)
        // The least number of characters it has not.
        return unsafe try #require(
            bytes.withUnsafeBytes { buffer in
                (1...100).first { count in
                    unsafe !self.scanner.hasPrompt(of: count, in: buffer, capacity: buffer.count, request)
                }
            }) - 1
    }

    private func user(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let user = unsafe bytes.withUnsafeBytes { unsafe self.scanner.metadataUser(in: $0, capacity: $0.count) }
        return String(decoding: user, as: UTF8.self)
    }

    @Test func textsAreCounted() throws {
        #expect(try self.count(#"{"prompt":"abc"}"#) == 3)
        #expect(try self.count(#"{"prompt":["abc",[1,2],"d"]}"#) == 4)
        #expect(try self.count(#"{"input":["abc","é€😀"],"system":"ab"}"#) == 8)
        #expect(try self.count(#"{ "messages" : [ {"role":"user" , "content" : "abc" } ] }"#) == 3)
        #expect(
            try self.count(
                #"{"messages":[{"content":[{"type":"text","text":"ab"},{"content":[{"text":"c"}]},{"x":"y"}]}]}"#) == 3)
        #expect(try self.count(#"{"messages":null,"prompt":7,"model":"abc","tools":[{"content":"abc"}]}"#) == 0)
        #expect(try self.count("{}") == 0)
    }

    @Test func anEscapeIsACharacter() throws {
        #expect(try self.count(#"{"prompt":"\"\\\/\b\f\n\r\t"}"#) == 8)
        #expect(try self.count(#"{"prompt":"\u0041\u00e9\u20AC\uD83D\uDE00\ud83d\ude00é"}"#) == 6)
        // What is wrong in a string is the provider's to refuse.
        #expect(try self.count(#"{"prompt":"\u00"}"#) == 3)
    }

    @Test func whatIsTooDeepIsNotLookedInto() throws {
        let deep = String(repeating: "[", count: 40) + "\"abc\"" + String(repeating: "]", count: 40)
        #expect(try self.count(#"{"prompt":\#(deep),"input":"ab"}"#) == 2)
    }

    @Test func theUserOfAnthropicsClients() {
        #expect(self.user(#"{"model":"x","metadata":{"a":{"user_id":"no"},"user_id":"u-1"}}"#) == "u-1")
        for other in [
            "{}", #"{"metadata":null}"#, #"{"metadata":{"user_id":7}}"#, #"{"user_id":"x"}"#, "[", "",
            #"{"messages":[{"metadata":{"user_id":"x"}}]}"#,
        ] { #expect(self.user(other) == "") }
    }
}
