import Dialects
import Domain
import Foundation
import JSON
import Testing

@Suite("ProviderErrorReader")
struct ProviderErrorReaderTests {
    private let reader = DialectReader()

    private func read(
        _ body: String, _ status: UInt16, _ dialect: Dialect = .azure, retryAfter: UInt32? = nil
    ) -> ProviderError {
        self.read(Array(body.utf8), status, dialect, retryAfter: retryAfter)
    }

    private func read(
        _ body: [UInt8], _ status: UInt16, _ dialect: Dialect = .azure, retryAfter: UInt32? = nil
    ) -> ProviderError {
        unsafe body.withUnsafeBytes { body in
            unsafe ProviderErrorReader.read(
                body, status: status, retryAfter: retryAfter, ProviderTable.row(dialect), reader: self.reader)
        }
    }

    private func extras(_ error: ProviderError) -> String {
        var writer = JSONWriter()
        writer.value(.object(error.extras))
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("Every shape is read", arguments: ErrorShape.all)
    func shapes(_ shape: ErrorShape) {
        let read = self.read(shape.body, shape.status, shape.dialect)
        #expect(
            read.error
                == GatewayError(
                    code: shape.code, type: shape.type, status: shape.status, source: shape.source,
                    retry: shape.retry, message: shape.message, param: shape.param))
        #expect(self.extras(read) == shape.extras)
    }

    @Test(
        "Inside a success the body's number counts",
        arguments: [
            (#"{"error":{"code":429,"message":"x"}}"#, Dialect.openrouter, 429 as UInt16),
            (#"{"error":{"code":403,"message":"flagged"}}"#, .openrouter, 403),
            (#"{"error":{"message":"x","status_code":400}}"#, .groq, 400), (#"{"error":{"message":"x"}}"#, .groq, 502),
            (#"{"error":{"message":"x","code":"502"}}"#, .groq, 502),
            (#"{"error":{"message":"x","code":200}}"#, .groq, 502),
            (#"{"object":"error","message":"x","raw_status_code":503}"#, .mistral, 503),
            (#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, .anthropic, 529),
            (#"{"type":"error","error":{"type":"api_error","message":"x"}}"#, .anthropic, 502), ("", .groq, 502),
        ])
    func inside(_ body: String, _ dialect: Dialect, _ status: UInt16) {
        #expect(self.read(body, 200, dialect).error.status == status)
    }

    @Test("A key that is refused inside a success is the gateway's own trouble")
    func credentials() {
        for code in [401, 403] {
            let read = self.read(#"{"error":{"code":\#(code),"message":"key sk-1234567890"}}"#, 200, .groq)
            #expect(read.error.code == "provider_authentication" && read.error.status == 502 && read.extras.isEmpty)
            #expect(!read.error.message.contains("sk-") && read.meant == UInt16(code))
        }
    }

    @Test("Retry-After is told where waiting helps")
    func retryAfter() {
        #expect(self.read("{}", 429, retryAfter: 7).error.retryAfter == 7)
        #expect(self.read("{}", 400, retryAfter: 7).error.retryAfter == nil)
        #expect(self.read(#"{"error":{"code":"insufficient_quota"}}"#, 429, retryAfter: 7).error.retryAfter == nil)
        #expect(self.read(#"{"error":{"message":"x","retry_after":3}}"#, 503).error.retryAfter == 3)
        #expect(self.read(#"{"error":{"message":"x","retry_after":-3}}"#, 503).error.retryAfter == nil)
        for status: UInt16 in [408, 409, 429, 500, 502, 503, 504, 529] {
            #expect(self.read("{}", status).error.retry == .later)
        }
        for status: UInt16 in [400, 404, 413, 422, 501] { #expect(self.read("{}", status).error.retry == .never) }
    }

    @Test("A message is one bounded line of UTF-8 without keys")
    func messages() {
        func message(_ text: [UInt8]) -> [UInt8] {
            var writer = JSONWriter(appendingTo: Array(#"{"error":{"message":"#.utf8))
            writer.string(text)
            return Array(self.read(writer.bytes + Array("}}".utf8), 400).error.message.utf8)
        }
        func message(_ text: String) -> String { String(decoding: message(Array(text.utf8)), as: UTF8.self) }
        #expect(message(" a\r\n\tb\u{0}\u{85}c\u{7F} ") == "a b c")
        let long = message(Array(String(repeating: "é", count: 20_000).utf8))
        #expect(long.count == 16 << 10 && String(validating: long, as: UTF8.self) != nil)
        let odd = message(Array(("x" + String(repeating: "é", count: 20_000)).utf8))
        #expect(odd.count == (16 << 10) - 1 && String(validating: odd, as: UTF8.self) != nil)
        #expect(message("provided: sk-proj-abcDEF_123. You") == "provided: sk-***. You")
        #expect(message("sk-ab****************wxyz,gsk_0123456789") == "sk-***,gsk_***")
        #expect(message("Bearer eyJhbGciOi.x") == "Bearer ***.x")
        #expect(message("task-force-management and sk-short") == "task-force-management and sk-short")
        // A key that the bound cuts is still none.
        let cut = message(String(repeating: "x", count: (16 << 10) - 10) + " sk-" + String(repeating: "a", count: 500))
        #expect(cut.hasSuffix("x sk-***"))
        let raw = self.read([0x62, 0xFF, 0x61, 0x64], 500)
        #expect(raw.error.message == "b\u{FFFD}ad")
        #expect(self.read([0x62, 0, 0x61], 500).error.message.hasPrefix("The provider answered"))
    }

    @Test("Further members are bounded, clean, and none of the gateway's own")
    func extras() {
        let big = String(repeating: "x", count: 20_000)
        let read = self.read(
            #"{"error":{"message":"x","code":"y","big":"\#(big)","a":{"b":["key: sk-abcdefghijkl"]},"a":1,"n":null}}"#,
            400)
        #expect(self.extras(read) == #"{"a":{"b":["key: sk-***"]}}"#)
        let nested = String(repeating: #"{"error":"#, count: 100) + "1" + String(repeating: "}", count: 100)
        #expect(self.read(nested, 500).error.status == 500)
    }

    @Test("No body traps", arguments: [200, 400, 429, 500] as [UInt16])
    func hostile(_ status: UInt16) {
        let body = Array(
            #"{"error":{"message":"a","code":429,"type":"t","metadata":{"raw":"{\"x\":1}"}},"detail":[{"msg":"m","loc":["body",-9223372036854775808]}],"retry_after":99999999999999999}"#
                .utf8)
        for end in 0...body.count { _ = self.read(Array(body[..<end]), status) }
        for index in body.indices {
            for byte: UInt8 in [0, 0x22, 0x5B, 0x7B, 0xFF] {
                var broken = body
                broken[index] = byte
                let error = self.read(broken, status).error
                #expect(400...599 ~= error.status && !error.message.isEmpty)
            }
        }
    }

    @Test(
        "Recorded errors give their message and status",
        .withRecordings)
    func recordings() throws {
        let errors = Recording.all(named: "-4", "-5").filter { 400...599 ~= $0.status }
        try #require(errors.count > 10)
        for recording in errors {
            let text = String(decoding: recording.body, as: UTF8.self)
            let read = self.read(recording.body, UInt16(recording.status), .azure).error
            #expect(read.status == UInt16(recording.status))
            // An independent reading: each of these bodies holds its message as it is told.
            let words = read.message.split(separator: ": ").last.map(String.init) ?? ""
            let escaped = words.replacingOccurrences(of: "\"", with: "\\\"")
            #expect(text.contains(escaped) || text.contains("msg"), "\(recording): \(read.message)")
            #expect(!read.message.hasPrefix("The provider answered"), "\(recording)")
        }
    }
}
