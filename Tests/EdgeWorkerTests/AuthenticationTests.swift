import Domain
import Testing

@testable import EdgeWorker

@Suite struct AuthenticationTests {
    private func status(_ headers: [String], _ rig: EdgeRig) throws -> Int? {
        let client = try rig.client()
        try client.send(FakeClient.head("GET /v1/models HTTP/1.1", headers))
        return try client.status()
    }

    @Test func threeWaysToBringTheKey() throws {
        let rig = try EdgeRig()
        for header in [
            "Authorization: Bearer \(EdgeRig.key)", "authorization: bearer   \(EdgeRig.key)",
            "X-API-Key: \(EdgeRig.key)",
            "api-key: \(EdgeRig.key)",
        ] { #expect(try self.status([header], rig) == 200, "\(header)") }
        #expect(try self.status(["x-api-key: \(EdgeRig.key)", "Authorization: Bearer \(EdgeRig.key)"], rig) == 200)
    }

    private static let wrong: [[String]] = [
        ["Authorization: Bearer sk-test-kez"], ["Authorization: Bearer \(EdgeRig.key)x"],
        ["Authorization: \(EdgeRig.key)"], ["Authorization: Basic \(EdgeRig.key)"], ["x-api-key: sk"],
        ["Authorization: Bearer \(EdgeRig.key)", "x-api-key: other"],
        // The Kelvin sign is the same letter to Swift's string comparison.
        ["Authorization: Bearer s\u{212A}-test-key"],
        // The stored digest is no credential.
        ["Authorization: Bearer 0d62f396c1317066f55a96086517047c737087c61eb2bf016b72e6298927b15b"],
    ]

    @Test func wrongKeysAreRefusedInBothModes() throws {
        for mode in [AuthenticationMode.required, .optional] {
            let rig = try EdgeRig { $0.authentication = mode }
            for headers in Self.wrong { #expect(try self.status(headers, rig) == 401, "\(headers)") }
        }
    }

    @Test func missingKey() throws {
        for headers in [[], ["Authorization: Bearer"], ["Authorization: Bearer  "], ["x-api-key: "]] {
            #expect(try self.status(headers, EdgeRig()) == 401)
            #expect(try self.status(headers, EdgeRig { $0.authentication = .optional }) == 200)
        }
        #expect(try self.status(["x-api-key: any"], EdgeRig { $0.staticKeyDigest = nil }) == 401)
    }

    @Test func everyRefusalLooksTheSame() throws {
        let rig = try EdgeRig()
        var replies: Set<String> = []
        for headers in Self.wrong + [[]] {
            let client = try rig.client()
            try client.send(FakeClient.head("GET /v1/models HTTP/1.1", headers + ["x-request-id: r"]))
            let text = try client.received()
            let lines = text.components(separatedBy: "\r\n").filter { !$0.hasPrefix("x-sluice-record") }
            replies.insert(lines.joined(separator: "\n"))
        }
        #expect(replies.count == 1)
        #expect(replies.first?.contains("www-authenticate: Bearer") == true)
    }

    @Test func theBodyIsNotReadBeforeTheKey() throws {
        let rig = try EdgeRig()
        let client = try rig.client()
        try client.send(
            FakeClient.head(
                "POST /v1/chat/completions HTTP/1.1", ["Content-Length: 1000000", "Authorization: Bearer no"]))
        let text = try client.received()
        #expect(text.hasPrefix("HTTP/1.1 401 "))
        #expect(text.contains("\r\nconnection: close\r\n"))
        try client.send([UInt8](repeating: 0x20, count: 50_000))
        #expect(rig.core.budget.used == 0)
    }
}
