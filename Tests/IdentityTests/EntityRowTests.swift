import Domain
import Testing

@testable import Identity

@Suite struct EntityRowTests {
    private static let rows: [EntityRow] = {
        let all = LimitSet(Dictionary(uniqueKeysWithValues: LimitKind.allCases.map { ($0, LimitSet.unlimited) }))
        let zone = TimeZoneRules(
            name: "America/Argentina/ComodRivadavia", initialOffset: -86_400,
            transitions: (0..<TimeZoneRules.maximumTransitions).map {
                .init(at: Int64($0) * 1000 - 5, offset: Int32($0))
            })
        return [
            EntityRow(), EntityRow(limits: LimitSet([.requestsPerMinute: 0])), EntityRow(timeZone: .utc),
            EntityRow(limits: all, timeZone: zone), EntityRow(weight: 2), EntityRow(weight: 1000),
            EntityRow(models: [Array("fast".utf8)]),
            EntityRow(limits: all, timeZone: zone, weight: 3, models: [Array("openai:*".utf8), Array("deep".utf8)]),
        ]
    }()

    private func decode(_ bytes: [UInt8]) -> EntityRow? {
        unsafe bytes.withUnsafeBytes { unsafe EntityRow(decoding: $0) }
    }

    @Test func readsWhatItWritesAndNoOtherLength() {
        for row in Self.rows {
            let bytes = row.encoded
            #expect(self.decode(bytes) == row)
            for count in 0..<bytes.count { #expect(self.decode(Array(bytes[..<count])) == nil) }
            #expect(self.decode(bytes + [0]) == nil)
        }
        #expect(Self.rows.map(\.isEmpty) == [true] + [Bool](repeating: false, count: 7))
    }

    @Test func readsRowsOfVersionOne() {
        for row in Self.rows {
            let bytes = [1] + row.encoded.dropFirst()
            let isOld = row.weight == 1 && row.models.isEmpty
            #expect(self.decode(bytes) == (isOld ? row : nil))
        }
    }

    @Test func refusesWeightsAndListsThatCannotBe() {
        for weight: UInt16 in [0, 1001, .max] { #expect(self.decode(EntityRow(weight: weight).encoded) == nil) }
        // The weight that everybody has is not written.
        var one = EntityRow(weight: 2).encoded
        one[5] = 1
        #expect(self.decode(one) == nil)
        for models in [[[]], [Array("a**".utf8)], [[UInt8]](repeating: [0x61], count: 65)] as [[[UInt8]]] {
            #expect(self.decode(EntityRow(models: models).encoded) == nil)
        }
    }

    @Test func itsKeyHasNoDigestsLength() {
        let key = EntityRow.key(.user, EntityID(high: 0x0102_0304_0506_0708, low: 0xFF))
        #expect(key == [4, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0xFF])
        #expect(key.count == EntityRow.keySize)
    }

    @Test func refusesWhatCannotBe() {
        let plain = EntityRow(limits: LimitSet([.concurrency: 4])).encoded
        for (index, value) in [(0, UInt8(3)), (1, 8), (2, 0x40), (4, 0x80)] {
            var wrong = plain
            wrong[index] = value
            #expect(self.decode(wrong) == nil)
        }
        for zone in [
            TimeZoneRules(name: "x", initialOffset: 86_401),
            TimeZoneRules(name: "x", transitions: [.init(at: 1, offset: 0), .init(at: 1, offset: 0)]),
            TimeZoneRules(name: "x", transitions: [.init(at: 1, offset: -86_401)]),
        ] {
            #expect(self.decode(EntityRow(timeZone: zone).encoded) == nil)
        }
    }

    @Test func anyBytesAreReadWithoutATrap() {
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...60)).map { _ in UInt8.random(in: 0...255) }
            if bytes.count > 12, Bool.random() {
                let flags = [1, 3, 5, 7].randomElement() ?? 1
                bytes.replaceSubrange(0..<11, with: [2, UInt8(flags), 0, 0, 1, 0x41, 0, 0, 0, 0, 0])
                bytes[11] = UInt8((bytes.count - 12) / 12)
            }
            if let row = self.decode(bytes) { #expect(row.encoded == bytes) }
        }
    }
}
