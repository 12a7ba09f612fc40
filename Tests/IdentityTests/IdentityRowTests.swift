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

    /// One that has everything.
    private static let full = rows()[255]

    private func decode(_ bytes: [UInt8]) -> IdentityRow? {
        // Whatever was there before counts for nothing.
        var row = Self.full
        return unsafe bytes.withUnsafeBytes { unsafe row.read($0) } ? row : nil
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
        full.models = Self.longList
        let read = self.decode(full.encoded) == full
        #expect(read)
        #expect(full.encoded.count == 189 + 64 * 258)
    }

    /// As long as a list may be.
    private static let longList = (0..<64).map { number in
        Array("provider:\(number)*".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 245 - (number < 10 ? 0 : 1))
    }

    @Test func readsListsOfModelsAndNoOtherLength() {
        for (index, row) in Self.rows().enumerated() {
            var row = row
            row.models = [Array("fast".utf8), Array("openai:*".utf8), Array("größer".utf8)].suffix(1 + index % 3)
            let bytes = row.encoded
            #expect(self.decode(bytes) == row)
            for count in 0..<bytes.count { #expect(self.decode(Array(bytes[..<count])) == nil) }
            #expect(self.decode(bytes + [0]) == nil)
        }
    }

    @Test func refusesListsThatCannotBe() {
        func row(_ models: [[UInt8]]) -> [UInt8] { IdentityRow(principal: .staticKey, models: models).encoded }
        #expect(self.decode(row(Self.longList)) != nil)
        for models in [
            Self.longList + [[0x61]], [[UInt8](repeating: 0x61, count: 257)], [[]], [Array("a*b*".utf8)],
            [[0x61, 0x20]], [[0x0A]], [[0xFF]], [[0x61], [0xC3]], [[UInt8](repeating: 0x61, count: 70_000)],
            [[UInt8]](repeating: [0x61], count: 300),
        ] {
            #expect(self.decode(row(models)) == nil)
        }
        // A list that is announced, and is empty.
        var none = IdentityRow(principal: .staticKey).encoded
        none[1] |= 1 << 3
        #expect(self.decode(none + [0]) == nil)
        // Version 2 had none.
        var second = row([[0x61]])
        second[0] = 2
        #expect(self.decode(second) == nil)
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

    @Test func readsRowsOfVersionTwo() {
        for row in Self.rows() {
            let bytes = [2] + row.encoded.dropFirst()
            #expect(self.decode(bytes) == row)
            for count in 0..<bytes.count { #expect(self.decode(Array(bytes[..<count])) == nil) }
            #expect(self.decode(bytes + [0]) == nil)
        }
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
        for version in UInt8.min...UInt8.max where !(1...3).contains(version) {
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
                bytes[0] = UInt8.random(in: 1...3)
                bytes[1] &= 15
                bytes[2] &= 0x3F
            }
            guard let row = self.decode(bytes) else { continue }
            #expect(bytes[0] == 1 || row.encoded.dropFirst() == bytes.dropFirst())
            #expect(self.decode(row.encoded) == row)
        }
    }

    @Test func changedListsAreReadWithoutATrap() {
        let bytes = IdentityRow(principal: .staticKey, models: [Array("fast".utf8), Array("openai:*".utf8)]).encoded
        for _ in 0..<20_000 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...3) {
                changed[Int.random(in: 52..<changed.count)] = UInt8.random(in: 0...255)
            }
            if let row = self.decode(changed) { #expect(row.encoded == changed) }
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
