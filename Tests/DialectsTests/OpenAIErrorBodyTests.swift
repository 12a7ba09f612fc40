import Dialects
import Domain
import Testing

@Suite("OpenAIErrorBody")
struct OpenAIErrorBodyTests {
    private let error = GatewayError(
        code: "missing_model", type: "invalid_request_error", status: 400, source: .client,
        message: "say \"model\"\nplease", param: "model")

    @Test("The body has OpenAI's shape")
    func body() {
        #expect(
            String(decoding: OpenAIErrorBody.render(self.error), as: UTF8.self)
                == #"{"error":{"message":"say \"model\"\nplease","type":"invalid_request_error","param":"model","code":"missing_model"}}"#
        )
        let other = GatewayError(
            code: "missing_model", type: "invalid_request_error", status: 400, source: .client, message: "say")
        #expect(String(decoding: OpenAIErrorBody.render(other), as: UTF8.self).contains(#""param":null,"#))
    }

    @Test("As an event it is one that clients take for an error")
    func event() {
        let event = OpenAIErrorBody.renderEvent(self.error)
        #expect(event == Array("data: ".utf8) + OpenAIErrorBody.render(self.error) + Array("\n\n".utf8))
        let kind = unsafe event.withUnsafeBytes { unsafe OpenAIReplyReader().classify($0).kind }
        #expect(kind == .error)
    }
}
