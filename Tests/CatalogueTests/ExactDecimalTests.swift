import Testing

@testable import Catalogue

@Suite struct ExactDecimalTests {
    private static let maximum: Int64 = 1_000_000_000_000_000_000

    private func read(_ text: String, places: Int = 12) -> ExactDecimal.Scaled? {
        var bytes = Array(text.utf8)
        return unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe ExactDecimal.read(UnsafeRawBufferPointer(buffer), places: places, maximum: Self.maximum)
        }
    }

    @Test(arguments: [
        ("0", 0), ("0.0", 0), ("0e99999999999", 0), ("1", 1_000_000_000_000), ("2.5e-06", 2_500_000),
        ("2.5E-6", 2_500_000),
        ("1e-12", 1), ("0.000000000001", 1), ("3e-07", 300_000), ("0.04", 40_000_000_000),
        ("1.5552", 1_555_200_000_000),
        ("1.25e+3", 1_250_000_000_000_000), ("1000000", 1_000_000_000_000_000_000), ("0.1", 100_000_000_000),
        // What a floating-point number would turn into 299,999.99999999994 or so.
        ("0.0000003", 300_000), ("7.3e-09", 7_300), ("250000e-12", 250_000),
    ])
    func isExact(_ text: String, _ pico: Int64) {
        #expect(self.read(text) == ExactDecimal.Scaled(value: pico, isExact: true))
    }

    /// Half up; 4.0000000000000003e-07 is what floating point has made of 4e-07.
    @Test(arguments: [
        ("4.0000000000000003e-07", 400_000), ("1.41953125e-07", 141_953), ("0.0000000000005", 1),
        ("0.00000000000049", 0),
        ("1e-400", 0), ("8.39233e-08", 83_923), ("0.0002833333333333333", 283_333_333),
        ("0.00000040000000000000000000000000000000000000000000009", 400_000),
    ])
    func isRoundedOnceToAPicodollar(_ text: String, _ pico: Int64) {
        #expect(self.read(text) == ExactDecimal.Scaled(value: pico, isExact: false))
    }

    @Test(arguments: [
        "", "-1", "-0", "+1", "01", "1.", ".5", "1e", "1e+", "1 ", "0x1", "1_0", "NaN", "Infinity", "true", "\"1\"",
        "1.5.5",
        "1000001", "1e7", "1e400", "99999999999999999999999999999999999999999999999999", "1e-1e", "１",
        "0.00000000000000000000000000000000000000000000000000000000000000001",
    ])
    func othersAreRefused(_ text: String) {
        #expect(self.read(text) == nil)
    }

    @Test func everyPicodollarThereIs() {
        // Each as the text it is by hand.
        for value in stride(from: Int64(0), to: 3_000_000, by: 977) {
            let digits = String(value)
            let text = "0." + String(repeating: "0", count: 12 - digits.count) + digits
            #expect(self.read(text) == ExactDecimal.Scaled(value: value, isExact: true))
            #expect(self.read("\(value)e-12") == ExactDecimal.Scaled(value: value, isExact: true))
        }
    }
}
