import Domain
import Testing

@Suite struct DecimalDigitsTests {
    private func digits(_ value: UInt64, room: Int = DecimalDigits.most) -> String {
        var bytes = [UInt8](repeating: 0x78, count: room)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe DecimalDigits.write(value, to: $0) }
        #expect(bytes[count...].allSatisfy { $0 == 0x78 })
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    @Test func theyAreThoseOfTheNumber() {
        var values: [UInt64] = [0, .max, .max - 1]
        var power: UInt64 = 1
        for _ in 0..<20 {
            values += [power - 1, power, power + 1, power &* 9]
            power &*= 10
        }
        values += 0...1000
        for value in values { #expect(self.digits(value) == "\(value)") }
        var state: UInt64 = 7
        for round in 0..<100_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = state >> UInt64(round % 64)
            if self.digits(value) != "\(value)" { Issue.record("\(value)") }
        }
    }

    @Test func whatHasNoRoomIsNotWritten() {
        #expect(self.digits(12345, room: 4) == "")
        #expect(self.digits(12345, room: 5) == "12345")
        #expect(self.digits(0, room: 0) == "")
    }
}
