import Domain
import IPC
import NIOCore
import NIOEmbedded
import Platform
import Testing

@testable import EdgeWorker

/// Large request bodies in the memory that the edge shares with an upstream.
@Suite struct BodyAreaTests {
    /// An area, and the upstream's view of it.
    private func area(size: Int = 1 << 20) throws -> (area: BodyArea, memory: SharedArea, reader: SharedArea) {
        let memory = try SharedArea.make(name: "test", size: size)
        let duplicate = OwnedDescriptor.duplicate(of: memory.number)?.release()
        let copy = try #require(duplicate)
        let writer = try SharedArea(memory, for: .writing)
        return (
            BodyArea(writer), writer, try SharedArea(OwnedDescriptor(adopting: copy), for: .reading)
        )
    }

    private func read(_ area: SharedArea, _ request: ProviderRequest) throws -> [UInt8] {
        let offset = try #require(request.bodyOffset)
        let bytes = try #require(area.bytes(at: offset, count: Int(request.bodyLength)))
        return unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }

    private static func body(_ count: Int) -> String {
        let head = #"{"model":"x","messages":[],"user":""#
        return head + String(repeating: "u", count: count - head.utf8.count - 2) + "\"}"
    }

    private static let large = Self.body(100_000)

    @Test func aLargeBodyIsLaidThereAndASmallOneIsNot() throws {
        let rig = try EdgeRig()
        let (area, _, reader) = try self.area()
        let peer = try rig.upstream(area: area)
        for count in [BodyArea.smallestBody, BodyArea.smallestBody + 1, 100_000] {
            try rig.client().send(FakeClient.post(Self.body(count)))
            let (stream, request, frames) = try #require(try peer.request())
            #expect(try self.read(reader, request) == Array(Self.body(count).utf8))
            #expect(frames.isEmpty)
            try peer.answer(stream, "{}")
        }
        try rig.client().send(FakeClient.post(Self.body(BodyArea.smallestBody - 1)))
        let (_, request, frames) = try #require(try peer.request())
        #expect(request.bodyOffset == nil)
        #expect(frames == Array(Self.body(BodyArea.smallestBody - 1).utf8))
    }

    @Test func whereThereIsNoRoomTheBodyGoesInFrames() throws {
        let rig = try EdgeRig()
        let (area, _, reader) = try self.area(size: 128 << 10)
        let peer = try rig.upstream(area: area)
        let client = try rig.client()
        try client.send(FakeClient.post(Self.large))
        let first = try #require(try peer.request())
        #expect(first.request.bodyOffset == 0)
        try rig.client().send(FakeClient.post(Self.large))
        let second = try #require(try peer.request())
        #expect(second.request.bodyOffset == nil)
        #expect(second.body == Array(Self.large.utf8))
        // The first body is still what it was, and its place is free again after END.
        #expect(try self.read(reader, first.request) == Array(Self.large.utf8))
        try peer.answer(first.stream, "{}")
        #expect(try client.status() == 200)
        try rig.client().send(FakeClient.post(Self.large))
        #expect(try #require(try peer.request()).request.bodyOffset == 0)
    }

    @Test func aCancelledStreamKeepsItsRangeUntilItsEnd() throws {
        let rig = try EdgeRig()
        let (area, _, _) = try self.area(size: 128 << 10)
        let peer = try rig.upstream(area: area)
        let client = try rig.client()
        try client.send(FakeClient.post(Self.large))
        #expect(try #require(try peer.request()).request.bodyOffset == 0)
        try client.channel.close().wait()
        rig.loop.run()
        // The upstream may still be reading it.
        try rig.client().send(FakeClient.post(Self.large))
        let frames = try peer.frames()
        let cancel = try #require(frames.first { $0.type == .cancel })
        #expect(frames.contains { $0.type == .body })
        try peer.send(FakePeer.cancelled.frame(stream: cancel.stream))
        try rig.client().send(FakeClient.post(Self.large))
        #expect(try #require(try peer.request()).request.bodyOffset == 0)
    }

    @Test func anEndThatNobodyWaitsForFreesTheRangeToo() throws {
        let rig = try EdgeRig()
        let (area, _, _) = try self.area(size: 128 << 10)
        let peer = try rig.upstream(area: area)
        let client = try rig.client()
        try client.send(FakeClient.post(Self.large))
        let stream = try #require(try peer.request()).stream
        try client.channel.close().wait()
        // Longer than anybody waits for the peer's END.
        rig.advance(.seconds(60))
        try rig.client().send(FakeClient.post(Self.large))
        #expect(try peer.frames().contains { $0.type == .body })
        try peer.send(FakePeer.cancelled.frame(stream: stream))
        try rig.client().send(FakeClient.post(Self.large))
        #expect(try #require(try peer.request()).request.bodyOffset == 0)
    }

    @Test func theBodyBudgetIsFreeOnceItLiesThere() throws {
        let rig = try EdgeRig()
        let (area, _, _) = try self.area()
        let peer = try rig.upstream(area: area)
        try rig.client().send(FakeClient.post(Self.large))
        _ = try #require(try peer.request())
        #expect(rig.core.budget.used == 0)
    }

    @Test func memoryIsBoundedAndGoesBackAtRest() throws {
        let (area, memory, _) = try self.area(size: WireLimits.bodyArea)
        let kept = BodyArea.keptBytes
        let body = ByteBuffer(repeating: 0x61, count: 20_000_000)
        let first = try #require(area.place(body))
        let second = try #require(area.place(body))
        let third = try #require(area.place(body))
        #expect(area.place(body) == nil)
        #expect(memory.residentBytes >= 60_000_000)
        // What lies below a range in use stays.
        area.release(first)
        area.release(second)
        #expect(memory.residentBytes >= 60_000_000)
        area.release(third)
        #expect(memory.residentBytes == kept && area.reserved == kept)
        let small = try #require(area.place(ByteBuffer(repeating: 0x62, count: 100_000)))
        #expect(small.lowerBound == 0)
        area.rest()
        #expect(memory.residentBytes == small.upperBound)
        area.release(small)
        area.rest()
        #expect(memory.residentBytes == 0 && area.reserved == 0)
        #expect(area.place(ByteBuffer(repeating: 0x63, count: 100_000)) == small)
    }
}
