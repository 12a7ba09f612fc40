import Domain
import IPC
import NIOCore
import NIOEmbedded
import Testing

@testable import EdgeWorker

@Suite struct BodyTests {
    private func error(_ body: String, _ rig: EdgeRig? = nil) throws -> (status: Int, code: String, isOpen: Bool) {
        let rig = try rig ?? EdgeRig()
        let client = try rig.client()
        try client.send(FakeClient.post(body))
        let text = try client.received()
        let code = text.components(separatedBy: #""code":""#).last?.components(separatedBy: "\"").first ?? ""
        return (Int(text.dropFirst(9).prefix(3)) ?? 0, code, client.isOpen)
    }

    @Test func refusedBodies() throws {
        let cases: [(String, Int, String)] = [
            ("", 400, "invalid_json"), ("{", 400, "invalid_json"), ("[]", 400, "invalid_json"),
            (#"{"model":"m"} x"#, 400, "invalid_json"), ("{\"model\":\"\u{1}\"}", 400, "invalid_json"),
            (#"{"model":"a\u000d\u000ab"}"#, 400, "invalid_type"),
            (#"{"messages":[]}"#, 400, "missing_model"), (#"{"model":""}"#, 400, "missing_model"),
            (#"{"model":null}"#, 400, "missing_model"),
            (#"{"model":"\#(String(repeating: "m", count: 257))"}"#, 400, "missing_model"),
            (#"{"model":1}"#, 400, "invalid_type"), (#"{"model":"m","stream":"yes"}"#, 400, "invalid_type"),
            (#"{"model":"m","model":"n"}"#, 400, "duplicate_member"),
            (#"{"mod\u0065l":"m"}"#, 400, "escaped_member"), (#"{"Model":"m"}"#, 400, "escaped_member"),
            (#"{"model":"m","STREAM":true}"#, 400, "escaped_member"),
        ]
        for (body, status, code) in cases {
            let result = try self.error(body)
            #expect(result.status == status && result.code == code, "\(body): \(result)")
            #expect(result.isOpen, "\(body)")
        }
        let rig = try EdgeRig { $0.routes.defaultProvider = nil }
        #expect(try self.error(#"{"model":"nope"}"#, rig).code == "model_not_found")
        #expect(rig.core.budget.used == 0)
    }

    @Test func chunkedBodiesArePutTogether() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        let head = FakeClient.head(
            "POST /v1/chat/completions HTTP/1.1", ["x-api-key: \(EdgeRig.key)", "Transfer-Encoding: chunked"])
        let whole = head + #"6;a=b"# + "\r\n{\"mode\r\n" + "7\r\nl\":\"m\"}\r\n0\r\nX-Trailer: 1\r\n\r\n"
        for byte in Array(whole.utf8) { try client.send([byte]) }
        #expect(try peer.request()?.body == Array(#"{"model":"m"}"#.utf8))
    }

    @Test func brokenChunksAreRefused() throws {
        let head = FakeClient.head(
            "POST /v1/chat/completions HTTP/1.1", ["x-api-key: \(EdgeRig.key)", "Transfer-Encoding: chunked"])
        for body in ["zz\r\n", "-1\r\n", "5\r\nabcdefgh", "ffffffffffffffffff\r\n"] {
            let rig = try EdgeRig()
            let client = try rig.client()
            try client.send(head + body)
            let text = try client.received()
            #expect(text.hasPrefix("HTTP/1.1 400 ") && !client.isOpen, "\(body)")
            #expect(rig.core.budget.used == 0)
        }
    }

    @Test func theLimitHoldsForBothFramings() throws {
        let rig = try EdgeRig { $0.http.maxBody = 1000 }
        let known = try rig.client()
        try known.send(
            FakeClient.head("POST /v1/embeddings HTTP/1.1", ["x-api-key: \(EdgeRig.key)", "Content-Length: 1001"]))
        let text = try known.received()
        #expect(text.hasPrefix("HTTP/1.1 413 ") && text.contains("\r\nconnection: close\r\n"))
        let chunked = try rig.client()
        try chunked.send(
            FakeClient.head(
                "POST /v1/embeddings HTTP/1.1", ["x-api-key: \(EdgeRig.key)", "Transfer-Encoding: chunked"])
                + "3e9\r\n" + String(repeating: "a", count: 1001))
        #expect(try chunked.status() == 413)
        #expect(rig.core.budget.used == 0)
    }

    @Test func encodedBodiesAreRefused() throws {
        let rig = try EdgeRig()
        for encoding in ["gzip", "br", "identity, gzip"] {
            let client = try rig.client()
            try client.send(FakeClient.post("{}", headers: ["Content-Encoding: \(encoding)"]))
            #expect(try client.received().contains(#""code":"unsupported_encoding""#))
        }
        let plain = try rig.client()
        try plain.send(FakeClient.post("{}", headers: ["Content-Encoding: identity"]))
        #expect(try plain.received().contains("missing_model"))
    }

    @Test func continueIsSentAfterTheKeyWasChecked() throws {
        let rig = try EdgeRig()
        let headers = ["Content-Length: 2", "Expect: 100-continue"]
        let good = try rig.client()
        try good.send(FakeClient.head("POST /v1/embeddings HTTP/1.1", headers + ["x-api-key: \(EdgeRig.key)"]))
        #expect(try good.received() == "HTTP/1.1 100 Continue\r\n\r\n")
        try good.send("{}")
        #expect(try good.status() == 400)
        let bad = try rig.client()
        try bad.send(FakeClient.head("POST /v1/embeddings HTTP/1.1", headers + ["x-api-key: no"]))
        let text = try bad.received()
        #expect(text.hasPrefix("HTTP/1.1 401 ") && text.contains("\r\nconnection: close\r\n"))
    }
}
