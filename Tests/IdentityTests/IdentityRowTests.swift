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
                    limits: Self.limits(has)))
        }
        return rows
    }

    private static func limits(_ has: (Int) -> Bool) -> LimitSet {
        var limits = LimitSet()
        if has(3) { limits[.requestsPerMinute] = 0 }
        if has(4) { limits[.tokensPerMinute] = 77 }
        if has(5) { limits[.concurrency] = 1 }
        if has(6) { limits[.monthlyCost] = LimitSet.unlimited }
        if has(7) { limits[.monthlyTokens] = 123_456_789_012 }
        return limits
    }

    /// A row as version 1 wrote it.
    private static func firstVersion(_ row: IdentityRow, _ bits: Int) -> [UInt8] {
        var bytes = [1, UInt8(bits)]
        func append(_ value: UInt64) {
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) }
        }
        for id in [row.principal.organization, row.principal.project, row.principal.key] + [row.principal.user] {
            guard let id else { continue }
            append(id.high)
            append(id.low)
        }
        if let expires = row.expires { append(expires) }
        for kind in [LimitKind.requestsPerMinute, .tokensPerMinute, .concurrency, .monthlyCost, .monthlyTokens] {
            if let limit = row.limits[kind] { append(UInt64(limit)) }
        }
        return bytes
    }

    private func decode(_ bytes: [UInt8]) -> IdentityRow? {
        unsafe bytes.withUnsafeBytes { unsafe IdentityRow(decoding: $0) }
    }

    @Test func readsWhatItWrites() {
        for row in Self.rows() {
            #expect(self.decode(row.encoded) == row)
            #expect(row.encoded.count <= 188)
        }
        var full = Self.rows()[255]
        full.limits = LimitSet(
            Dictionary(uniqueKeysWithValues: LimitKind.allCases.map { ($0, Int64($0.rawValue) * 3) }))
        #expect(self.decode(full.encoded) == full)
        #expect(full.encoded.count == 188)
    }

    @Test func readsRowsOfVersionOne() {
        for (bits, row) in Self.rows().enumerated() {
            let bytes = Self.firstVersion(row, bits)
            #expect(self.decode(bytes) == row)
            for count in 0..<bytes.count { #expect(self.decode(Array(bytes[..<count])) == nil) }
            #expect(self.decode(bytes + [0]) == nil)
        }
        var negative = Self.firstVersion(Self.rows()[0x80], 0x80)
        negative[50] = 0x80
        #expect(self.decode(negative) == nil)
    }

    @Test func refusesEveryOtherLength() {
        for row in Self.rows() {
            let bytes = row.encoded
            for count in 0..<bytes.count { #expect(self.decode(Array(bytes[..<count])) == nil) }
            #expect(self.decode(bytes + [0]) == nil)
        }
    }

    @Test func refusesOtherVersionsFlagsAndNegativeLimits() {
        let bytes = Self.rows()[0].encoded
        for version in UInt8.min...UInt8.max where version != 2 && version != 1 {
            #expect(self.decode([version] + bytes.dropFirst()) == nil)
        }
        for flag in 3..<8 {
            var wrong = bytes
            wrong[1] |= 1 << flag
            #expect(self.decode(wrong) == nil)
        }
        for bit in [14, 15] {
            var wrong = bytes + [0, 0, 0, 0, 0, 0, 0, 1]
            wrong[2] = 1 << UInt8(bit - 8)
            #expect(self.decode(wrong) == nil)
        }
        var negative = IdentityRow(principal: .staticKey, limits: LimitSet([.monthlyTokens: 5])).encoded
        negative[52] = 0x80
        #expect(self.decode(negative) == nil)
    }

    @Test func anyBytesAreReadWithoutATrap() {
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...190)).map { _ in UInt8.random(in: 0...255) }
            if bytes.count > 4, Bool.random() {
                bytes[0] = UInt8.random(in: 1...2)
                bytes[1] &= 7
                bytes[2] &= 0x3F
            }
            guard let row = self.decode(bytes) else { continue }
            #expect(bytes[0] == 1 || row.encoded == bytes)
            #expect(self.decode(row.encoded) == row)
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
        // A table of version 1, which had keys alone.
        #expect(IdentityMeta(decoding: Array(bytes[..<7]) + [1] + bytes[8...]) == meta)
        for index in 0..<8 {
            var wrong = bytes
            wrong[index] ^= 0x81
            #expect(IdentityMeta(decoding: wrong) == nil)
        }
    }
}
