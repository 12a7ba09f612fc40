import Domain
import Testing

@Suite struct RecordIDTests {
    @Test func itWritesAsThirtyTwoHexadecimalDigits() {
        let id = RecordID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
        #expect(id.description == "0123456789abcdeffedcba9876543210")
        #expect(RecordID(high: 0, low: 0).description == String(repeating: "0", count: 32))
        #expect(id.milliseconds == 0x0123_4567_89ab)
    }

    @Test func theFieldsStandWhereTheyBelong() {
        var minter = RecordIDMinter(host: 0xAB_CDEF, instance: 0x12_3456)
        let id = minter.mint(milliseconds: 0x0102_0304_0506)
        #expect(id.description == "010203040506abcdef12345600000001")
    }

    @Test func idsNeverRepeatAndNeverGoBackWhateverTheClockDoes() {
        var minter = RecordIDMinter(host: 1, instance: 1)
        var seen: Set<RecordID> = []
        var last = RecordID(high: 0, low: 0)
        for milliseconds: UInt64 in [5_000, 5_000, 4_000, 0, 5_001, 1, .max, 3] {
            let id = minter.mint(milliseconds: milliseconds)
            #expect(seen.insert(id).inserted)
            #expect(id > last)
            last = id
        }
    }

    @Test func instancesAndHostsKeepApart() {
        var ids: Set<RecordID> = []
        for host: UInt32 in 0..<4 {
            for instance: UInt32 in 0..<4 {
                var minter = RecordIDMinter(host: host << 20 | host, instance: instance)
                ids.insert(minter.mint(milliseconds: 7))
            }
        }
        #expect(ids.count == 16)
    }
}
