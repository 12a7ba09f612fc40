import Domain
import HTTPClient
import IPC
import Platform
import Testing

@testable import UpstreamWorker

/// Request bodies that lie in the memory an edge shares with the worker.
@Suite(.serialized)
struct BodyAreaTests {
    private static let text =
        #"{"model":"alias","messages":[{"role":"user","content":""#
        + String(repeating: "lorem ", count: 10_000) + #""}]}"#

    private func lay(_ text: String, _ worker: WorkerBench, at offset: Int) {
        let bytes = Array(text.utf8)
        #expect(unsafe bytes.withUnsafeBytes { unsafe worker.area.write($0, at: offset) })
    }

    @Test func aBodyGoesFromTheAreaToTheProvider() throws {
        var seen: [[UInt8]] = []
        let pair = try WorkerPair { connection, request in
            seen.append(request.body)
            connection.reply("{}")
        }
        self.lay(Self.text, pair.worker, at: 8192)
        let stream = pair.worker.request(Self.text, offset: 8192)
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        #expect(pair.worker.reply(stream).end?.failure == nil)
        #expect(seen == [Array(Self.text.utf8)])
        // The body's length counts for what the request costs, as that of any other.
        #expect(pair.worker.reply(stream).end?.attempts.count == 1)
        #expect(pair.worker.services.active == 0)
    }

    @Test func itsEditsAreMade() throws {
        var seen: [UInt8] = []
        let pair = try WorkerPair { connection, request in
            seen = request.body
            connection.reply("{}")
        }
        self.lay(Self.text, pair.worker, at: 0)
        let stream = pair.worker.request(
            Self.text, splices: [BodySplice(offset: 9, removed: 7, replacement: Array("\"real\"".utf8))], offset: 0)
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        #expect(String(decoding: seen, as: UTF8.self) == Self.text.replacing("\"alias\"", with: "\"real\""))
        let bad = pair.worker.request(
            Self.text, splices: [BodySplice(offset: 1 << 20, removed: 7, replacement: [])], offset: 0)
        #expect(try pair.run { pair.worker.reply(bad).end != nil })
        #expect(pair.worker.reply(bad).end?.failure?.code == ProviderFailure.damagedRequest.error.code)
        #expect(!pair.worker.lostLink)
    }

    @Test func theSimulatedProviderReadsIt() throws {
        let worker = try WorkerBench([
            ProviderSettings(name: "test", kind: .simulated(delay: 0, tokensPerSecond: 0))
        ])
        self.lay(Self.text, worker, at: 4096)
        let stream = worker.request(Self.text, offset: 4096)
        #expect(try worker.run { worker.reply(stream).end != nil })
        #expect(worker.reply(stream).head?.status == 200)
        #expect((worker.reply(stream).end?.usage?.input ?? 0) > 1000)
    }

    /// Offsets and lengths of which none lies in an area of 1 MiB.
    private static let outside: [[UInt64]] = [
        [1_048_576, 1], [0, 1_048_577], [1_048_575, 2], [.max, 1], [.max, .max], [0, .max], [1, .max / 2],
        [.max / 2, .max / 2], [.max / 2 + 1, .max / 2 + 1],
    ]

    /// Offset and length are checked against the mapping: another process has said them.
    @Test(arguments: Self.outside)
    func aRangeOutsideOfItCostsTheLink(range: [UInt64]) throws {
        let pair = try WorkerPair { connection, _ in connection.reply("{}") }
        _ = pair.worker.request("{}", length: range[1], offset: range[0])
        #expect(try pair.run { pair.worker.lostLink })
        #expect(pair.worker.services.active == 0)
        #expect(pair.provider.requests == 0)
    }

    @Test func aBodyInTheAreaHasNoFrames() throws {
        let pair = try WorkerPair { _, _ in }
        self.lay(Self.text, pair.worker, at: 0)
        let stream = pair.worker.request(Self.text, offset: 0)
        var frame: [UInt8] = []
        FrameHeader(type: .body, flags: FrameHeader.lastFlag, stream: stream, length: 1).append(to: &frame)
        pair.worker.send(frame + [0x20])
        #expect(try pair.run { pair.worker.lostLink })
        #expect(pair.worker.services.active == 0)
    }

    @Test func itCountsAsMemoryAndIsCancelledAsAnyOther() throws {
        let length = Self.text.utf8.count
        let pair = try WorkerPair(bodyBudget: length) { _, _ in }
        self.lay(Self.text, pair.worker, at: 0)
        let stream = pair.worker.request(Self.text, offset: 0)
        #expect(try pair.run { pair.provider.requests == 1 })
        let other = pair.worker.request(Self.text, offset: 0)
        #expect(try pair.run { pair.worker.reply(other).end != nil })
        #expect(pair.worker.reply(other).end?.failure?.code == ProviderFailure.outOfMemory.error.code)
        pair.worker.cancel(stream)
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        #expect(pair.worker.services.client.activeTransfers == 0)
        #expect(pair.worker.services.takeBodyBudget(length))
    }
}
