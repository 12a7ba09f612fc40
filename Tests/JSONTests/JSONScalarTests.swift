import JSON
import Testing

@Suite("JSONScalar")
struct JSONScalarTests {
    private func number(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        return unsafe bytes.withUnsafeBytes { unsafe JSONScalar.number($0) }
    }

    @Test("Numbers are rounded like the standard library rounds them, short ones too")
    func rounding() {
        var state: UInt64 = 42
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let digits = String(state >> (state % 50))
            for text in [
                digits, "-\(digits)", "0.\(digits)", "\(digits.prefix(5)).\(digits.suffix(9))", "1.\(digits)e-7",
            ] {
                guard text.first != "0" || text.dropFirst().first == "." else { continue }
                #expect(self.number(text) == Double(text), "\(text)")
            }
        }
        #expect(self.number("-0")?.sign == .minus)
        #expect(self.number("0.00000000000001") == 1e-14)
        #expect(self.number("999999999999999") == 999_999_999_999_999)
        #expect(self.number(String(repeating: "9", count: 2000)) == nil)
    }
}
