import Domain
import Testing

@testable import Cryptography

@Suite struct SealingKeyTests {
    /// Test cases 13 to 16 of the specification of GCM that NIST SP 800-38D is made of.
    private static let vectors: [(key: String, nonce: String, plain: String, associated: String, sealed: String)] = [
        (
            String(repeating: "00", count: 32), String(repeating: "00", count: 12), "", "",
            "530f8afbc74536b9a963b4f1c4cb738b"
        ),
        (
            String(repeating: "00", count: 32), String(repeating: "00", count: 12),
            "00000000000000000000000000000000", "", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
        ),
        (
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255", "",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
                + "b094dac5d93471bdec1a502270e3cc6c"
        ),
        (
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                + "76fc6ece0f4e1768cddf8853bb2d551b"
        ),
    ]

    private static let secret = Secret(Array("sk-a-credential".utf8))

    private func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex)
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
    }

    private func key(_ byte: UInt8 = 7) throws -> SealingKey {
        try #require(try SealingKey(Secret([UInt8](repeating: byte, count: 32))))
    }

    @Test func vectors() throws {
        for vector in Self.vectors {
            let key = try #require(try SealingKey(Secret(self.bytes(vector.key))))
            let nonce = self.bytes(vector.nonce)
            let associated = self.bytes(vector.associated)
            // Twice over: the contexts, and the key in them, are used again.
            for _ in 0..<2 {
                let sealed = key.encrypt(self.bytes(vector.plain), nonce: nonce, authenticated: associated)
                #expect(sealed == self.bytes(vector.sealed))
                let plain = key.decrypt(self.bytes(vector.sealed)[...], nonce: nonce, authenticated: associated)
                #expect(plain?.withBytes { $0 } == self.bytes(vector.plain))
            }
        }
    }

    @Test func whatIsSealedComesBack() throws {
        let key = try self.key()
        for count in [0, 1, 15, 16, 17, 32, 1000, 100_000] {
            let secret = Secret((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            let sealed = try key.seal(secret, for: [1, 2])
            #expect(sealed.count == count + SealingKey.overhead)
            #expect(sealed[0] == 1)
            #expect(try key.open(sealed, for: [1, 2]) == secret)
        }
    }

    @Test func noTwoSealsAreAlike() throws {
        let key = try self.key()
        let seals = try (0..<100).map { _ in try key.seal(Self.secret, for: []) }
        #expect(Set(seals).count == 100)
        #expect(Set(seals.map { Array($0[1..<13]) }).count == 100)
    }

    @Test func aChangeOfAnyByteIsNoticed() throws {
        let key = try self.key()
        let sealed = try key.seal(Self.secret, for: [9])
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: CryptographyError(.open)) { try key.open(changed, for: [9]) }
        }
        for count in 0..<sealed.count {
            #expect(throws: CryptographyError(.open)) { try key.open(Array(sealed.prefix(count)), for: [9]) }
        }
        #expect(throws: CryptographyError(.open)) { try key.open(sealed + [0], for: [9]) }
        // The key is as good as before.
        #expect(try key.open(sealed, for: [9]) == Self.secret)
    }

    @Test func anotherKeyOrPlaceOpensNothing() throws {
        let sealed = try self.key().seal(Self.secret, for: [9])
        #expect(throws: CryptographyError(.open)) { try self.key(8).open(sealed, for: [9]) }
        #expect(throws: CryptographyError(.open)) { try self.key().open(sealed, for: []) }
        #expect(throws: CryptographyError(.open)) { try self.key().open(sealed, for: [9, 0]) }
    }

    @Test func keysHave32Bytes() throws {
        for count in [0, 16, 31, 33, 64] {
            #expect(try SealingKey(Secret([UInt8](repeating: 1, count: count))) == nil)
        }
    }
}
