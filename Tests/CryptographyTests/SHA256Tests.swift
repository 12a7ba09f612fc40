import Cryptography
import Testing

@Suite struct SHA256Tests {
    /// NIST FIPS 180-4 examples and CAVP SHA256ShortMsg / LongMsg cases.
    private static let vectors: [(message: [UInt8], digest: String)] = [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (Array("abc".utf8), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        ([0xd3], "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"),
        ([0x11, 0xaf], "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"),
        (
            [UInt8](repeating: 0x61, count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ]

    private func hex(_ digest: Digest) -> String {
        digest.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test func vectors() throws {
        let sha = try SHA256()
        // Twice over: the context is used again and again.
        for _ in 0..<2 {
            for vector in Self.vectors { #expect(self.hex(try sha.digest(vector.message)) == vector.digest) }
        }
    }

    @Test func digestKeepsItsBytes() throws {
        let bytes = (0..<32).map { UInt8($0) }
        #expect(Digest(bytes)?.bytes == bytes)
        #expect(Digest(Array(bytes.dropLast())) == nil)
        #expect(Digest(bytes + [0]) == nil)
    }

    @Test func oneBitAnywhereMakesTwoDigestsDiffer() throws {
        let bytes = try SHA256().digest([1, 2, 3]).bytes
        let digest = try #require(Digest(bytes))
        #expect(digest.isEqual(to: try SHA256().digest([1, 2, 3])))
        for index in 0..<32 {
            var other = bytes
            other[index] ^= 0x80
            let changed = try #require(Digest(other))
            #expect(!digest.isEqual(to: changed))
            #expect(digest != changed)
        }
    }

    @Test func constantTimeComparison() {
        #expect(ConstantTime.areEqual([], []))
        #expect(ConstantTime.areEqual([1, 2], [1, 2]))
        #expect(!ConstantTime.areEqual([1, 2], [1, 3]))
        #expect(!ConstantTime.areEqual([0, 2], [1, 2]))
        #expect(!ConstantTime.areEqual([1], [1, 2]))
    }

    @Test func randomBytes() throws {
        #expect(try RandomBytes.make(0).isEmpty)
        #expect(try RandomBytes.make(-1).isEmpty)
        let first = try RandomBytes.make(32)
        let second = try RandomBytes.make(32)
        #expect(first.count == 32)
        // 2^-256 for equal ones.
        #expect(first != second)
    }
}
