import Dialects
import Domain
import JSON
import Testing

@Suite("ErrorBody")
struct ErrorBodyTests {
    private let error = GatewayError(
        code: "missing_model", type: "invalid_request_error", status: 400, source: .client, message: "say \"model\"",
        param: "model")

    @Test("Each front door has its shape")
    func shapes() {
        let openAI =
            #"{"error":{"message":"say \"model\"","type":"invalid_request_error","param":"model","code":"missing_model"}}"#
        for endpoint in [nil] + Endpoint.allCases where endpoint?.isAnthropic != true {
            #expect(String(decoding: ErrorBody.render(self.error, at: endpoint), as: UTF8.self) == openAI)
        }
        let anthropic =
            #"{"type":"error","error":{"type":"invalid_request_error","message":"say \"model\"","code":"missing_model","param":"model"}}"#
        for endpoint in [Endpoint.messages, .countTokens] {
            #expect(String(decoding: ErrorBody.render(self.error, at: endpoint), as: UTF8.self) == anthropic)
        }
    }

    @Test("Further members and the request's name have their places")
    func members() {
        let error = ProviderError(self.error, extras: [JSONValue.Member(key: Array("n".utf8), value: .integer(1))])
        #expect(
            String(decoding: ErrorBody.render(error, at: .messages, requestID: "r"), as: UTF8.self)
                == #"{"type":"error","error":{"type":"invalid_request_error","message":"say \"model\"","code":"missing_model","param":"model","n":1},"request_id":"r"}"#
        )
        #expect(
            String(decoding: ErrorBody.render(error, at: .chatCompletions, requestID: "r"), as: UTF8.self)
                .hasSuffix(#""code":"missing_model","n":1}}"#))
    }

    @Test(
        "Anthropic's type is that of the status",
        arguments: [
            (400, "invalid_request_error"), (401, "authentication_error"), (402, "billing_error"),
            (403, "permission_error"), (404, "not_found_error"), (413, "request_too_large"),
            (422, "invalid_request_error"), (429, "rate_limit_error"), (500, "api_error"), (502, "api_error"),
            (503, "overloaded_error"), (504, "timeout_error"), (529, "overloaded_error"),
        ] as [(UInt16, String)])
    func types(_ status: UInt16, _ type: String) throws {
        let error = self.error.withStatus(status)
        let body = try JSONReader().read(ErrorBody.render(error, at: .messages), maximumBytes: 1 << 16)
        #expect(body["error"]?["type"]?.string == Array(type.utf8))
    }

    @Test("As an event it is one that the front door's clients take for an error")
    func events() {
        #expect(
            ErrorBody.renderEvent(self.error, at: .messages)
                == Array("event: error\ndata: ".utf8) + ErrorBody.render(self.error, at: .messages)
                + Array("\n\n".utf8))
        #expect(
            ErrorBody.renderEvent(self.error, at: .chatCompletions)
                == Array("data: ".utf8) + ErrorBody.render(self.error, at: nil) + Array("\n\n".utf8))
    }

    @Test("529 is known to Anthropic's clients only")
    func overloaded() {
        var error = self.error.withStatus(529)
        #expect(ErrorBody.status(of: error, at: .messages) == 529)
        #expect(ErrorBody.status(of: error, at: .chatCompletions) == 503)
        #expect(ErrorBody.status(of: error, at: nil) == 503)
        error = self.error.withStatus(418)
        #expect(ErrorBody.status(of: error, at: .chatCompletions) == 418)
    }
}
