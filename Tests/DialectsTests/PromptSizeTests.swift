import Domain
import JSON
import Testing

@testable import Dialects

@Suite("PromptSize")
struct PromptSizeTests {
    private func bytes(_ parts: [Part]) -> Int {
        PromptSize.bytes(Conversation(model: [], turns: [Turn(.user, parts)])) - 16
    }

    @Test("Text counts as it is, images and documents as fixed numbers of tokens")
    func parts() {
        #expect(self.bytes([.text("12345")]) == 5)
        #expect(self.bytes([.image(ImagePart(.url("https://a".bytes)))]) == 6400)
        let data = [UInt8](repeating: 0x41, count: 1 << 20)
        #expect(self.bytes([.image(ImagePart(.base64(mediaType: [], data: data)))]) == 6400)
        #expect(self.bytes([.document(DocumentPart(.base64(mediaType: [], data: data)))]) == 17 * 8000)
        #expect(self.bytes([.document(DocumentPart(.url("u".bytes), title: "12".bytes))]) == 8002)
        #expect(self.bytes([.document(DocumentPart(.text("123".bytes)))]) == 3)
        #expect(self.bytes([.call("id", "f", #"{"x":1}"#)]) == 8)
        #expect(
            self.bytes([.toolResult(ToolResult(id: [], parts: [.text("12"), .image(ImagePart(.url([])))]))]) == 6402)
    }

    @Test("Tools count as their definitions")
    func tools() throws {
        let conversation = try AnthropicDoor.read(
            #"{"model":"m","system":"1234","messages":[{"role":"user","content":"12"}],"tools":[{"name":"f","description":"d","input_schema":{"type":"object"}},{"type":"web","name":"w"}]}"#,
            .countTokens)
        #expect(PromptSize.bytes(conversation) == 2 * 16 + 4 + 2 + 1 + 1 + 17 + 25)
    }

    @Test("The answer of a count")
    func reply() {
        #expect(TokenCountReply.write(17) == #"{"input_tokens":17,"estimated":true}"#.bytes)
        #expect(TokenCountReply.write(-1) == #"{"input_tokens":0,"estimated":true}"#.bytes)
    }
}
