import Glibc
import Platform
import Testing

@Suite struct PacketSocketTests {
    private let a: PacketSocket
    private let b: PacketSocket

    init() throws {
        let pair = try SocketPair(.packets)
        self.a = PacketSocket(pair.first)
        self.b = PacketSocket(pair.second)
    }

    @Test func packetsKeepTheirBoundaries() throws {
        try self.a.send([1, 2, 3])
        try self.a.send([4])
        #expect(try Self.bytes(self.b.receive()) == [1, 2, 3])
        #expect(try Self.bytes(self.b.receive()) == [4])
        guard case .empty = try self.b.receive() else {
            Issue.record("something is left")
            return
        }
    }

    @Test func descriptorsTravel() throws {
        let memory = try SealedMemory.make(name: "test", bytes: Array("hello".utf8))
        try self.a.send([9], descriptors: [memory.number, memory.number])
        guard case .packet(_, let descriptors) = try self.b.receive() else {
            Issue.record("no packet")
            return
        }
        #expect(descriptors.count == 2)
        for number in descriptors {
            let owned = OwnedDescriptor(adopting: number)
            #expect(fcntl(owned.number, F_GETFD) == FD_CLOEXEC)
            #expect(try SealedMemory.read(owned.number, limit: 100) == Array("hello".utf8))
        }
    }

    @Test func tooLargeAPacketIsSaidAndClosesWhatCame() throws {
        let memory = try SealedMemory.make(name: "test", bytes: [1])
        let before = try DescriptorList.open().count
        try self.a.send([UInt8](repeating: 0, count: PacketSocket.maximumPacket + 1), descriptors: [memory.number])
        guard case .oversized = try self.b.receive() else {
            Issue.record("was taken")
            return
        }
        #expect(before > 0)
        // The next one is whole again.
        try self.a.send([7])
        #expect(try Self.bytes(self.b.receive()) == [7])
    }

    @Test func tooManyDescriptorsAreNotSent() throws {
        let memory = try SealedMemory.make(name: "test", bytes: [1])
        #expect(throws: SystemError.self) {
            try self.a.send([1], descriptors: Array(repeating: memory.number, count: 193))
        }
    }

    @Test func theEndIsSeen() throws {
        let pair = try SocketPair(.packets)
        let left = PacketSocket(pair.first)
        do { _ = PacketSocket(pair.second) }
        guard case .ended = try left.receive() else {
            Issue.record("not ended")
            return
        }
        let failure = #expect(throws: SystemError.self) { try left.send([1]) }
        #expect(failure?.code == EPIPE)
    }

    @Test func aFullSocketSaysSo() throws {
        var failure: SystemError?
        for _ in 0..<10_000 where failure == nil {
            do { try self.a.send([UInt8](repeating: 0, count: 1000)) } catch { failure = error }
        }
        #expect(failure?.isWouldBlock == true)
    }

    private static func bytes(_ received: PacketSocket.Received) -> [UInt8]? {
        if case .packet(let bytes, _) = received { bytes } else { nil }
    }
}
