import Glibc
import Platform
import Testing

@Suite struct SharedAreaTests {
    private func pair(size: Int = 1 << 20) throws -> (writer: SharedArea, reader: SharedArea) {
        let memory = try SharedArea.make(name: "test", size: size)
        let duplicate = OwnedDescriptor.duplicate(of: memory.number)?.release()
        let copy = try #require(duplicate)
        return (
            try SharedArea(memory, for: .writing), try SharedArea(OwnedDescriptor(adopting: copy), for: .reading)
        )
    }

    private func write(_ bytes: [UInt8], _ area: SharedArea, at offset: Int) -> Bool {
        unsafe bytes.withUnsafeBytes { unsafe area.write($0, at: offset) }
    }

    @Test func whatOneWritesTheOtherReads() throws {
        let (writer, reader) = try self.pair()
        #expect(self.write([1, 2, 3], writer, at: 70_000))
        let bytes = try #require(reader.bytes(at: 69_999, count: 5))
        #expect(unsafe bytes.withUnsafeBytes { unsafe Array($0) } == [0, 1, 2, 3, 0])
        // It sees what is written later, too.
        #expect(self.write([9], writer, at: 70_001))
        #expect(unsafe bytes.withUnsafeBytes { unsafe Array($0) } == [0, 1, 9, 3, 0])
        #expect(!self.write([1], reader, at: 0))
    }

    @Test func noRangeReachesOutOfIt() throws {
        let (writer, reader) = try self.pair(size: 8192)
        for (offset, count) in [
            (8192, 1), (0, 8193), (8191, 2), (UInt64.max, 1), (UInt64(Int.max), Int.max), (1, Int.max), (0, -1),
        ] as [(UInt64, Int)] {
            #expect(reader.bytes(at: offset, count: count) == nil)
        }
        #expect(reader.bytes(at: 8192, count: 0)?.count == 0)
        #expect(reader.bytes(at: 0, count: 8192)?.count == 8192)
        #expect(self.write([1], writer, at: 8191))
        #expect(!self.write([1], writer, at: 8192))
        #expect(!self.write([1, 2], writer, at: 8191))
        #expect(!self.write([1], writer, at: -1))
        #expect(!self.write([1], writer, at: .max))
        #expect(!writer.reserve(0..<8193) && !writer.reserve(-1..<5))
    }

    @Test func itsSizeIsFixed() throws {
        let memory = try SharedArea.make(name: "test", size: 8192)
        #expect(ftruncate(memory.number, 0) == -1)
        #expect(ftruncate(memory.number, 16384) == -1)
        let failure = #expect(throws: SystemError.self) {
            try SharedArea(OwnedDescriptor(adopting: unsafe open("/dev/zero", O_RDWR | O_CLOEXEC)), for: .reading)
        }
        #expect(failure?.code == EPERM)
    }

    @Test func memoryIsThereWhenItIsReservedAndGoesWhenItIsDropped() throws {
        let (writer, reader) = try self.pair()
        #expect(writer.residentBytes == 0)
        #expect(writer.reserve(0..<65536))
        #expect(writer.residentBytes == 65536)
        #expect(self.write([7], writer, at: 40_000))
        writer.drop(32768..<65536)
        #expect(writer.residentBytes == 32768)
        let bytes = try #require(reader.bytes(at: 40_000, count: 1))
        #expect(unsafe bytes.withUnsafeBytes { unsafe $0[0] } == 0)
    }

    @Test func bytesKeepTheAreaMapped() throws {
        var pair: (writer: SharedArea, reader: SharedArea)? = try self.pair()
        #expect(self.write([5], try #require(pair).writer, at: 3))
        let bytes = try #require(pair?.reader.bytes(at: 3, count: 1))
        pair = nil
        #expect(unsafe bytes.withUnsafeBytes { unsafe $0[0] } == 5)
    }
}
