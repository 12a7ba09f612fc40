import Testing

@testable import UpstreamWorker

@Suite
struct ErrorEventTests {
    private static let error = #"data: {"id":1, "error" : {"message":"slow down","code":429}}"#

    private func found(_ text: String) -> String? {
        let bytes = Array(text.utf8)
        return ErrorEvent.range(in: bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test
    func whateverStandsAroundIt() {
        let opening = #"data: {"error":null,"choices":[{"delta":{"role":"assistant"},"finish_reason":"error"}]}"#
        for end in ["\n", "\r\n"] {
            let event = "event: error" + end + Self.error + end
            let before = ": comment" + end + end + opening + end + end
            for after in ["", end, end + "data: [DONE]" + end + end, end + opening + end + end + Self.error] {
                #expect(self.found(before + event + after) == event)
            }
            #expect(self.found(before) == nil)
        }
        #expect(self.found(Self.error) == Self.error)
    }

    @Test
    func whatIsNoStreamHasNone() {
        for text in ["", "\n", "data:", #"{"error":{"code":429}}"#, #"data: "error""#, #"data: {"error":"#] {
            #expect(self.found(text) == nil)
        }
    }
}
