import Testing

@testable import HTTPClient

@Suite
struct ChunkDecoderTests {
    /// What comes out of `pieces`, and how much was read of them; nil when one is refused.
    private func decode(_ pieces: [[UInt8]]) -> (body: [UInt8], read: Int, decoder: ChunkDecoder)? {
        var decoder = ChunkDecoder()
        var body: [UInt8] = []
        var read = 0
        for piece in pieces {
            // What stands before the piece is somebody else's.
            var buffer = [0xEE, 0xEE, 0xEE] + piece
            let found = unsafe buffer.withUnsafeMutableBytes { unsafe try? decoder.decode($0, from: 3) }
            guard let found else { return nil }
            #expect(buffer.prefix(3).allSatisfy { $0 == 0xEE })
            #expect(found.data.lowerBound == 3 && found.data.upperBound <= found.end)
            body += buffer[found.data]
            read += found.end - 3
        }
        return (body, read, decoder)
    }

    private static let coded = Array(
        "5\r\nhello\r\n00A;ext=\"1\r;2\"\r\n0123456789\r\n1\n!\n2\r\n\r\n\r\n0\r\nx: y\r\n\r\n".utf8)
    private static let plain = Array("hello0123456789!\r\n".utf8)

    @Test
    func everySplitGivesTheSame() throws {
        for first in 0...Self.coded.count {
            for second in first...Self.coded.count {
                let pieces = [Self.coded[..<first], Self.coded[first..<second], Self.coded[second...]].map(Array.init)
                let found = try #require(self.decode(pieces))
                #expect(found.body == Self.plain)
                #expect(found.decoder.isAtEnd && found.read == Self.coded.count)
            }
        }
    }

    /// The end is behind the empty line that follows the trailers, and what follows it is not read.
    @Test(arguments: [
        "3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n", "0\n\n", "0;x\r\na: b\r\nc\r\n\r\n", "000\r\na\n\n", "0\r\n\r\r\n",
    ])
    func itsEndIsKnown(_ text: String) throws {
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count { #expect(self.decode([Array(bytes[..<count])])?.decoder.isAtEnd == false) }
        for rest in ["", "x", "\r\n", "HTTP/1.1 200 OK\r\n"] {
            let found = try #require(self.decode([bytes + Array(rest.utf8)]))
            #expect(found.decoder.isAtEnd)
            #expect(found.read == bytes.count)
        }
    }

    @Test(arguments: [
        "\r\nabc", "g\r\n", " 3\r\nabc", "-1\r\n", "3\r\nabcd\r\n", "3\r\nabc\r\r\n", "3\r\nabcX",
        "1234567890abcdef\r\n",
    ])
    func brokenCodingIsRefused(_ text: String) {
        #expect(self.decode([Array(text.utf8)]) == nil)
    }

    @Test
    func whatSurroundsAChunkIsBounded() {
        let long = [UInt8](repeating: 0x78, count: 65_537)
        #expect(self.decode([Array("3;".utf8) + long]) == nil)
        #expect(self.decode([Array("0\r\n".utf8) + long]) == nil)
        #expect(self.decode([Array("3;".utf8) + long.dropLast(2)]) != nil)
        // A long stream is not refused for its many chunks.
        let found = self.decode([[UInt8]](repeating: Array("1;a\r\nx\r\n".utf8), count: 70_000))
        #expect(found?.body.count == 70_000)
    }

    /// Broken bytes never trap, and never give more than came.
    @Test
    func mutatedBodiesDoNotTrap() {
        var state: UInt64 = 0x5EED
        func random(_ below: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(below))
        }
        var refused = 0
        for _ in 0..<5_000 {
            var bytes = Self.coded
            for _ in 0...random(3) { bytes[random(bytes.count)] = UInt8(random(256)) }
            let found = self.decode([bytes])
            if found == nil { refused += 1 }
            #expect((found?.body.count ?? 0) <= (found?.read ?? 0))
            // In one piece or byte by byte: the same.
            let pieces = self.decode(bytes.map { [$0] })
            #expect(pieces?.body == found?.body && pieces?.read == found?.read)
        }
        #expect(refused > 750)
    }
}
