import Testing

@testable import HTTPClient

@Suite
struct ChunkDecoderTests {
    /// What comes out of `pieces`; nil when one is refused.
    private func decode(_ pieces: [[UInt8]]) -> (body: [UInt8], decoder: ChunkDecoder)? {
        var decoder = ChunkDecoder()
        var body: [UInt8] = []
        for piece in pieces {
            var output = [UInt8](repeating: 0xEE, count: piece.count)
            let count = unsafe output.withUnsafeMutableBytes { out in
                unsafe piece.withUnsafeBytes { bytes in unsafe try? decoder.decode(bytes, into: out) }
            }
            guard let count else { return nil }
            body += output.prefix(count)
        }
        return (body, decoder)
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
                #expect(found.decoder.sawLastChunk)
            }
        }
    }

    @Test
    func aBoundaryIsBetweenChunks() throws {
        let text = Array("3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n".utf8)
        let boundaries = (0...text.count).filter { self.decode([Array(text[..<$0])])?.decoder.isAtBoundary == true }
        #expect(boundaries == [0, 8, 17])
        let lasts = (0...text.count).filter { self.decode([Array(text[..<$0])])?.decoder.sawLastChunk == true }
        #expect(lasts == [20, 21, 22])
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

    private func take(_ text: [UInt8]) -> (taken: Int, body: [UInt8]) {
        var buffer = text
        let found = unsafe buffer.withUnsafeMutableBytes { unsafe ChunkDecoder.takeWholeChunks($0) }
        return (found.taken, Array(buffer[found.data]))
    }

    /// Of every front of a body the chunks are taken that are whole, and what is left decodes to the rest.
    @Test
    func onlyWholeChunksAreTaken() throws {
        let text = Array("3\r\nabc\r\n0c\r\n0123456789\r\n\r\n1\r\nx\r\n0\r\n\r\n".utf8)
        for count in 0...text.count {
            let (taken, body) = self.take(Array(text[..<count]))
            #expect(taken == (count < 8 ? 0 : count < 26 ? 8 : count < 32 ? 26 : 32))
            let rest = try #require(self.decode([Array(text[taken...])]))
            #expect(body + rest.body == Array("abc0123456789\r\nx".utf8))
        }
    }

    @Test(arguments: [
        "0\r\n\r\n", "3;a\r\nabc\r\n", "3\nabc\r\n", "3\r\nabc\n", "3\r\nabcd\r\n", "\r\n", "10000000\r\nabc\r\n",
        "fffffffffffffff\r\nabc", "x\r\n", "3 \r\nabc\r\n",
    ])
    func anythingElseIsLeft(_ text: String) {
        let (taken, body) = self.take(Array("1\r\na\r\n".utf8) + Array(text.utf8))
        #expect(taken == 6)
        #expect(body == [0x61])
        #expect(self.take(Array(text.utf8)).taken == 0)
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
        for _ in 0..<20_000 {
            var bytes = Self.coded
            for _ in 0...random(3) { bytes[random(bytes.count)] = UInt8(random(256)) }
            let (taken, body) = self.take(bytes)
            #expect(body.count <= taken)
            let found = self.decode([bytes])
            if found == nil { refused += 1 }
            #expect((found?.body.count ?? 0) <= bytes.count)
            // What is taken past the decoder is what the decoder would have made of it.
            if taken > 0 { #expect(self.decode([Array(bytes[..<taken])])?.body == body) }
            if taken > 0 { #expect(self.decode([Array(bytes[..<taken])])?.decoder.isAtBoundary == true) }
        }
        #expect(refused > 3_000)
    }
}
