import Domain
import Foundation
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import EdgeWorker

/// Raw requests, good and bad, as others collected them; beside the project, so absent on most machines.
private enum Corpus {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../shared/corpora/http-requests/tests/requests").standardizedFileURL

    static var isThere: Bool { FileManager.default.fileExists(atPath: self.folder.path()) }

    /// The files write CR and LF as escapes and wrap lines as they like.
    static func requests(_ kind: String) throws -> [(name: String, bytes: [UInt8])] {
        let files = try FileManager.default.contentsOfDirectory(
            at: self.folder.appending(path: kind), includingPropertiesForKeys: nil)
        return try files.filter { $0.pathExtension == "http" }.sorted { $0.path() < $1.path() }.map { file in
            var bytes: [UInt8] = []
            var rest = Array(try Data(contentsOf: file)).filter { $0 != 0x0A && $0 != 0x0D }[...]
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "\\"), let escape = rest.first else {
                    bytes.append(byte)
                    continue
                }
                switch escape {
                case UInt8(ascii: "r"): bytes.append(0x0D)
                case UInt8(ascii: "n"): bytes.append(0x0A)
                case UInt8(ascii: "0"): bytes.append(0)
                default:
                    bytes.append(byte)
                    continue
                }
                rest = rest.dropFirst()
            }
            return (kind + "/" + file.lastPathComponent, bytes)
        }
    }
}

@Suite struct CorpusTests {
    private struct Outcome: Hashable {
        var statuses: [String]
        var isOpen: Bool
    }

    private func outcome(_ pieces: [ArraySlice<UInt8>]) throws -> Outcome {
        let rig = try EdgeRig { $0.authentication = .optional }
        let client = try rig.client()
        for piece in pieces { try client.send(Array(piece)) }
        let text = try client.received()
        let statuses = text.components(separatedBy: "HTTP/1.1 ").dropFirst().map { String($0.prefix(3)) }
        return Outcome(statuses: statuses.filter { $0 != "100" }, isOpen: client.isOpen)
    }

    @Test(.enabled(if: Corpus.isThere, "the corpora are not beside the project"))
    func sameOutcomeHoweverTheBytesArrive() throws {
        for request in try Corpus.requests("valid") + Corpus.requests("invalid") {
            let whole = try self.outcome([request.bytes[...]])
            #expect(try self.outcome(request.bytes.indices.map { request.bytes[$0...$0] }) == whole, "\(request.name)")
            for split in stride(from: 1, to: min(request.bytes.count, 200), by: 7) {
                let halves = [request.bytes[..<split], request.bytes[split...]]
                #expect(try self.outcome(halves) == whole, "\(request.name) split at \(split)")
            }
        }
    }

    @Test(.enabled(if: Corpus.isThere, "the corpora are not beside the project"))
    func badRequestsAreNeverServed() throws {
        // Those about limits mean the limits of another server.
        for request in try Corpus.requests("invalid") where !request.name.contains("limit") {
            let outcome = try self.outcome([request.bytes[...]])
            #expect(!outcome.statuses.contains { $0.hasPrefix("2") }, "\(request.name): \(outcome)")
        }
    }

    @Test func mutatedRequestsNeverTrapAndNeverLeak() throws {
        let seeds = [
            FakeClient.head("GET /health HTTP/1.1", ["Connection: keep-alive", "X-Request-Id: a"]),
            FakeClient.post(FakeClient.chat, headers: ["Expect: 100-continue"]),
            FakeClient.head(
                "POST /v1/embeddings HTTP/1.1", ["x-api-key: \(EdgeRig.key)", "Transfer-Encoding: chunked"])
                + "5\r\n{\"mod\r\n5\r\nel\":1\r\n1\r\n}\r\n0\r\n\r\n",
        ].map { Array($0.utf8) }
        var random = SplitMix(seed: 0x51_07CE)
        for _ in 0..<3_000 {
            let rig = try EdgeRig()
            let peer = try rig.upstream()
            let client = try rig.client()
            var bytes = seeds[Int(random.next() % 3)] + seeds[Int(random.next() % 3)]
            for _ in 0..<(1 + random.next() % 5) {
                let index = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
                }
            }
            let split = Int(random.next() % UInt64(bytes.count))
            try client.send(Array(bytes[..<split]))
            try client.send(Array(bytes[split...]))
            if client.isOpen { try client.channel.close().wait() }
            try peer.answerCancels()
            #expect(rig.journal.begins.count == rig.journal.settles.count)
            #expect(rig.core.budget.used == 0 && rig.core.metrics.inFlight == 0 && rig.core.openConnections == 0)
            #expect(peer.link.load == 0)
        }
    }
}
