import Reconciliation
import Testing

@Suite struct ToleranceTests {
    @Test(arguments: ["0", "1", "250000", "0%", "0.5%", "100%", "12.000001%"])
    func textsThatAreOne(_ text: String) {
        #expect(Tolerance(text) != nil)
    }

    @Test(arguments: [
        "", "-1", "+1", "1.5", "01", "%", ".5%", "0.%", "0.1234567%", "101%", "1 %", "1%%", "1e3", "99999999999999999",
    ])
    func textsThatAreNone(_ text: String) {
        #expect(Tolerance(text) == nil)
    }

    @Test func tokens() throws {
        let exact = try #require(Tolerance("0"))
        #expect(exact.allows(export: 7, gateway: 7))
        #expect(!exact.allows(export: 7, gateway: 8))
        #expect(!exact.allows(export: 8, gateway: 7))
        let three = try #require(Tolerance("3"))
        #expect(three.allows(export: 10, gateway: 13))
        #expect(three.allows(export: 13, gateway: 10))
        #expect(!three.allows(export: 10, gateway: 14))
    }

    @Test func sharesAreOfTheExportAndExact() throws {
        let half = try #require(Tolerance("0.5%"))
        #expect(half.allows(export: 200, gateway: 201))
        #expect(!half.allows(export: 199, gateway: 200))
        #expect(half.allows(export: 0, gateway: 0))
        #expect(!half.allows(export: 0, gateway: 1))
        let least = try #require(Tolerance("0.000001%"))
        #expect(least.allows(export: 100_000_000, gateway: 100_000_001))
        #expect(!least.allows(export: 99_999_999, gateway: 100_000_000))
        #expect(try #require(Tolerance("100%")).allows(export: .max, gateway: 0))
    }
}
