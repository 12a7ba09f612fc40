import CJournal
import Testing

@Suite struct ChecksumTests {
    private static func crc(_ bytes: [UInt8], from start: UInt32 = 0) -> (any: UInt32, tables: UInt32) {
        unsafe bytes.withUnsafeBytes {
            unsafe (
                sluice_crc32c(start, $0.baseAddress, $0.count), sluice_crc32c_by_tables(start, $0.baseAddress, $0.count)
            )
        }
    }

    /// The vectors of RFC 3720, appendix B.4, and the usual check value.
    static let vectors: [([UInt8], UInt32)] = [
        (Array("123456789".utf8), 0xE306_9283),
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        ([UInt8](0..<32), 0x46DD_794E),
        ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
        ([], 0),
    ]

    @Test(arguments: vectors)
    func knownVectors(_ bytes: [UInt8], _ expected: UInt32) {
        let (fast, tables) = ChecksumTests.crc(bytes)
        #expect(fast == expected)
        #expect(tables == expected)
    }

    @Test func theTwoWaysAgreeAtEveryLengthAndAlignment() {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<600).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        for offset in 0..<16 {
            for length in 0..<300 {
                let part = Array(bytes[offset..<offset + length])
                let start = UInt32.random(in: .min ... .max, using: &random)
                let (fast, tables) = ChecksumTests.crc(part, from: start)
                #expect(fast == tables)
            }
        }
    }

    @Test func aChecksumGoesOn() {
        let whole = Array("a record and what comes before it".utf8)
        for cut in 0...whole.count {
            let first = ChecksumTests.crc(Array(whole[..<cut])).any
            #expect(ChecksumTests.crc(Array(whole[cut...]), from: first).any == ChecksumTests.crc(whole).any)
        }
    }
}
