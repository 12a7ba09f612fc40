import Cryptography
import Domain
import Glibc
import Identity
import Journal
import NIOCore
import Testing

@testable import EdgeWorker

/// Keys of the identity table.
@Suite struct KeyTests {
    /// The whole reply but for what differs from one request to the next.
    private func reply(_ rig: EdgeRig, _ key: String) throws -> String {
        let client = try rig.client()
        try client.send(
            FakeClient.head("GET /v1/models HTTP/1.1", ["Authorization: Bearer \(key)", "x-request-id: r"]))
        let lines = try client.received().components(separatedBy: "\r\n").filter { !$0.hasPrefix("x-sluice-record") }
        return lines.joined(separator: "\n")
    }

    private func status(_ rig: EdgeRig, _ key: String) throws -> Int? {
        Int(try self.reply(rig, key).dropFirst(9).prefix(3))
    }

    @Test func theRequestIsItsKeys() throws {
        let rig = try EdgeRig()
        let principal = try rig.keys.add("sk-sl-one", 77)
        let client = try rig.client()
        try client.send(FakeClient.post("{", key: "sk-sl-one"))
        #expect(rig.journal.begins.map { $0.principal } == [principal])
        try client.send(FakeClient.post("{"))
        #expect(rig.journal.begins.map { $0.principal } == [principal, .staticKey])
        // The static key is not looked up.
        #expect(rig.keys.lookUps == 1)
        let open = try EdgeRig { $0.authentication = .optional }
        let stranger = try open.client()
        try stranger.send(FakeClient.post("{", key: nil))
        #expect(open.journal.begins.map { $0.principal } == [.anonymous])
    }

    @Test func everyKeyIsLookedUpForEveryRequest() throws {
        let rig = try EdgeRig()
        _ = try rig.keys.add("sk-sl-one", 77)
        #expect(try self.status(rig, "sk-sl-one") == 200)
        try rig.keys.remove("sk-sl-one")
        #expect(try self.status(rig, "sk-sl-one") == 401)
        _ = try rig.keys.add("sk-sl-one", 77, expires: 784_111_777_001)
        #expect(try self.status(rig, "sk-sl-one") == 200)
        _ = try rig.keys.add("sk-sl-one", 77, expires: 784_111_777_000)
        #expect(try self.status(rig, "sk-sl-one") == 401)
        #expect(rig.keys.lookUps == 4)
    }

    @Test func refusalsAreTheSameByteForByte() throws {
        let rig = try EdgeRig()
        _ = try rig.keys.add("sk-sl-expired", 1, expires: 1)
        let keys = ["sk-sl-expired", "sk-sl-unknown", "sk-test-kez", "s\u{212A}", String(repeating: "a", count: 9000)]
        let replies = try Set(keys.map { try self.reply(rig, $0) })
        #expect(replies.count == 1 && replies.first?.hasPrefix("HTTP/1.1 401 ") == true)
        for line in rig.sink.lines { #expect(!line.contains("sk-")) }
    }

    @Test func metricsAreTheOperators() throws {
        let rig = try EdgeRig()
        _ = try rig.keys.add("sk-sl-one", 77)
        let client = try rig.client()
        try client.send(FakeClient.head("GET /metrics HTTP/1.1", ["x-api-key: sk-sl-one"]))
        #expect(try client.status() == 401)
    }

    // MARK: Faults

    @Test func withoutTheTableNobodyIsAccused() throws {
        let rig = try EdgeRig()
        rig.keys.isThere = false
        try? rig.keys.refresh()
        let reply = try self.reply(rig, "sk-sl-one")
        #expect(reply.hasPrefix("HTTP/1.1 503 ") && reply.contains(#""code":"identity_unavailable""#))
        #expect(reply.contains("\nretry-after: 1\n"))
        #expect(try self.status(rig, EdgeRig.key) == 200)
        let client = try rig.client()
        try client.send(FakeClient.head("GET /v1/models HTTP/1.1"))
        #expect(try client.status() == 401)
        #expect(rig.journal.begins.isEmpty)
    }

    @Test func theTableIsTriedAgainWithPauses() throws {
        let rig = try EdgeRig()
        rig.keys.isThere = false
        _ = try rig.keys.add("sk-sl-one", 77)
        try? rig.keys.refresh()
        let before = rig.keys.attempts
        for _ in 0..<100 { #expect(try self.status(rig, "sk-sl-one") == 503) }
        #expect(rig.keys.attempts == before + 1)
        rig.advance(.seconds(60))
        #expect((before + 8...before + 25).contains(rig.keys.attempts))
        #expect(rig.sink.lines.count { $0.contains("keys cannot be looked up") } == 1)
        rig.keys.isThere = true
        rig.advance(.seconds(6))
        #expect(try self.status(rig, "sk-sl-one") == 200)
    }

    // MARK: The real table

    @Test func theIdentityTable() throws {
        var template = Array("/tmp/sluice-edge-XXXXXX".utf8CString)
        let folder = unsafe try template.withUnsafeMutableBufferPointer { buffer in
            let base = unsafe try #require(buffer.baseAddress)
            let made = unsafe try #require(mkdtemp(base))
            return unsafe String(cString: made)
        }
        defer {
            for suffix in ["", "-lock", "-gate"] {
                unsafe unlink("\(IdentityTable.path(stateDirectory: folder))\(suffix)")
            }
            unsafe rmdir(folder)
        }
        let digest = try SHA256().digest("sk-sl-real".utf8)
        // LMDB wants a file opened once in a process: readers and writers take turns here.
        func lookUp(_ digest: Digest, at time: UInt64) -> KeyLookup {
            let table = KeyTable(IdentityReader(stateDirectory: folder))
            return table.lookUp(digest, at: time, now: 0)
        }
        #expect(lookUp(digest, at: 5) == .unavailable)

        let id = EntityID(high: 3, low: 4)
        let principal = Principal(organization: .standard, project: id, key: id)
        var rows = [(digest, IdentityRow(principal: principal, expires: 100))]
        try IdentityWriter.create(
            stateDirectory: folder, meta: IdentityMeta(sequence: 1, source: id), next: { rows.popLast() })
        #expect(lookUp(digest, at: 99) == .principal(principal))
        #expect(lookUp(digest, at: 100) == .unknown)
        #expect(lookUp(try SHA256().digest("other".utf8), at: 5) == .unknown)
        func apply(_ change: IdentityWriter.Change, _ sequence: UInt64) throws {
            try IdentityWriter(stateDirectory: folder).apply([change], sequence: sequence)
        }
        try apply(.put(digest, IdentityRow(principal: principal, isEnabled: false)), 2)
        #expect(lookUp(digest, at: 5) == .unknown)
        try apply(.put(digest, IdentityRow(principal: principal)), 3)
        #expect(lookUp(digest, at: 500) == .principal(principal))
        try apply(.remove(digest), 4)
        #expect(lookUp(digest, at: 5) == .unknown)
    }
}
