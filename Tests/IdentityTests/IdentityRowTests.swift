import Domain
import Testing

@testable import Identity

@Suite struct IdentityRowTests {
    static func rows() -> [IdentityRow] {
        let ids = (1...4).map { EntityID(high: UInt64($0) << 60, low: .max - UInt64($0)) }
        var rows: [IdentityRow] = []
        for bits in 0..<256 {
            func has(_ bit: Int) -> Bool { bits & 1 << bit != 0 }
            let principal = Principal(
                organization: ids[0], project: ids[1], key: ids[2], user: has(1) ? ids[3] : nil)
            rows.append(
                IdentityRow(
                    principal: principal, isEnabled: has(0), expires: has(2) ? UInt64.max - 5 : nil,
                    limits: KeyLimits(
                        requestsPerMinute: has(3) ? 0 : nil, tokensPerMinute: has(4) ? 77 : nil,
                        concurrency: has(5) ? 1 : nil, monthlyCost: has(6) ? .max : nil,
                        monthlyTokens: has(7) ? 123_456_789_012 : nil)))
        }
        return rows
    }

    private func decode(_ bytes: [UInt8]) -> IdentityRow? {
        unsafe bytes.withUnsafeBytes { unsafe IdentityRow(decoding: $0) }
    }

    @Test func readsWhatItWrites() {
        for row in Self.rows() {
            #expect(self.decode(row.encoded) == row)
            #expect(row.encoded.count <= 114)
        }
    }

    @Test func refusesEveryOtherLength() {
        for row in Self.rows() {
            let bytes = row.encoded
            for count in 0..<bytes.count { #expect(self.decode(Array(bytes[..<count])) == nil) }
            #expect(self.decode(bytes + [0]) == nil)
        }
    }

    @Test func refusesOtherVersionsAndNegativeLimits() {
        var bytes = Self.rows()[0].encoded
        for version in UInt8.min...UInt8.max where version != 1 {
            bytes[0] = version
            #expect(self.decode(bytes) == nil)
        }
        var negative = IdentityRow(
            principal: .staticKey, limits: KeyLimits(monthlyTokens: 5)
        ).encoded
        negative[50] = 0x80
        #expect(self.decode(negative) == nil)
    }

    @Test func anyBytesAreReadWithoutATrap() {
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...130)).map { _ in UInt8.random(in: 0...255) }
            if bytes.count > 2, Bool.random() { bytes[0] = 1 }
            if let row = self.decode(bytes) { #expect(row.encoded == bytes) }
        }
    }

    @Test func knowsWhenAKeyIsGood() {
        var row = IdentityRow(principal: .staticKey, expires: 1000)
        #expect(row.isGood(at: 999))
        #expect(!row.isGood(at: 1000))
        row.expires = nil
        #expect(row.isGood(at: .max))
        row.isEnabled = false
        #expect(!row.isGood(at: 0))
    }

    @Test func readsItsMetaStrictly() {
        let meta = IdentityMeta(sequence: .max - 1, source: EntityID(high: 5, low: 6))
        let bytes = meta.encoded
        #expect(IdentityMeta(decoding: bytes) == meta)
        #expect(IdentityMeta(decoding: bytes + [0]) == nil)
        #expect(IdentityMeta(decoding: Array(bytes.dropLast())) == nil)
        for index in 0..<8 {
            var wrong = bytes
            wrong[index] ^= 1
            #expect(IdentityMeta(decoding: wrong) == nil)
        }
    }
}
