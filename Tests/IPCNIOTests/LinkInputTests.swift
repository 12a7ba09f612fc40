import Domain
import IPC
import IPCNIO
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@Suite struct LinkInputTests {
    private static let conversation =
        LinkRig.peerHello.frame()
        + ResponseHead(status: 200, isStream: true, contentType: Array("text/event-stream".utf8)).frame(stream: 5)
        + LinkRig.frame(.chunk, stream: 5, Array("data: 1\n\n".utf8)) + LinkRig.frame(.chunk, stream: 6)
        + LinkRig.frame(.chunk, stream: 5, [UInt8](repeating: 7, count: 300)) + Credit(bytes: 9).frame(stream: 5)
        + StreamEnd().frame(stream: 5)

    @Test func everySplitPointGivesTheSameFrames() throws {
        let whole = try LinkRig(open: false)
        try whole.receive(Self.conversation)
        #expect(whole.opened == 1)
        #expect(whole.received.count == 6)
        for split in 1..<Self.conversation.count {
            let rig = try LinkRig(open: false)
            try rig.receive(Self.conversation[..<split])
            try rig.receive(Self.conversation[split...])
            #expect(rig.received == whole.received, "split at \(split)")
        }
        let drip = try LinkRig(open: false)
        for byte in Self.conversation { try drip.receive([byte]) }
        #expect(drip.received == whole.received)
        #expect(drip.ends.isEmpty)
    }

    @Test func mutatedFramesNeverTrap() throws {
        var random = SplitMix(seed: 0x51_07CE)
        var violations = 0
        for _ in 0..<10_000 {
            var bytes = Self.conversation
            for _ in 0..<(1 + random.next() % 4) {
                let index = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
                }
            }
            let rig = try LinkRig(open: false)
            let split = Int(random.next() % UInt64(bytes.count))
            try rig.receive(bytes[..<split])
            try rig.receive(bytes[split...])
            #expect(rig.ends.count <= 1)
            if case .violation = rig.ends.first { violations += 1 }
        }
        // Most mutations hit something that is checked; the others change a payload the link does not look into.
        #expect(violations > 5_000)
    }

    @Test func badHeaderIsRefusedBeforeItsPayload() throws {
        let rig = try LinkRig()
        var header: [UInt8] = []
        FrameHeader(type: .chunk, stream: 1, length: UInt32(WireLimits.data) + 1).append(to: &header)
        try rig.receive(header)
        #expect(rig.ends == [.violation(.tooLong(.chunk, UInt32(WireLimits.data) + 1))])
        #expect(!rig.channel.isActive)
    }

    @Test func refusals() throws {
        func end(_ bytes: [UInt8], open: Bool = true) throws -> [LinkEnd] {
            let rig = try LinkRig(open: open)
            try rig.receive(bytes)
            return rig.ends
        }
        #expect(try end(LinkRig.frame(.request, stream: 1)) == [.violation(.unexpectedType(.request))])
        #expect(try end([0, 0, 0, 0, 99] + [UInt8](repeating: 0, count: 11)) == [.violation(.unknownType(99))])
        #expect(try end(LinkRig.peerHello.frame()) == [.violation(.helloExpected)])
        #expect(try end(LinkRig.frame(.chunk, stream: 1), open: false) == [.violation(.helloExpected)])
        let stranger = Hello(role: .upstream, instance: 4, build: LinkRig.build)
        #expect(try end(stranger.frame(), open: false) == [.violation(.wrongPeer)])
        #expect(try end(LinkRig.frame(.credit, stream: 0, [0, 0, 0, 1])) == [.violation(.windowExceeded)])
    }

    @Test func nothingIsDeliveredAfterTheEnd() throws {
        let rig = try LinkRig()
        rig.onFrame = { (_, _) throws(FrameError) in throw .windowExceeded }
        try rig.receive(LinkRig.frame(.chunk, stream: 1, [1]) + LinkRig.frame(.chunk, stream: 1, [2]))
        #expect(rig.received.count == 1)
        #expect(rig.ends == [.violation(.windowExceeded)])
    }

    @Test func peerGoneIsSaidOnce() throws {
        let rig = try LinkRig()
        try rig.channel.close().wait()
        #expect(rig.ends == [.closed])
        rig.handler?.close()
        rig.handler?.send(Credit(bytes: 1), stream: 1)
        #expect(rig.ends == [.closed])
    }

    @Test func linkCreditReturnsWhenTheDataIsRead() throws {
        let rig = try LinkRig()
        let piece = [UInt8](repeating: 1, count: WireLimits.data)
        let half = WireLimits.linkWindow / 2 / WireLimits.data
        for _ in 0..<(half - 1) { try rig.receive(LinkRig.frame(.chunk, stream: 1, piece)) }
        #expect(try rig.sent().isEmpty)
        try rig.receive(LinkRig.frame(.chunk, stream: 1, piece))
        #expect(
            try rig.sent().map { $0.payload }
                == [Array(Credit(bytes: UInt32(WireLimits.linkWindow / 2)).frame().dropFirst(16))])
    }
}
