/// Prices as the configuration writes them: USD per million tokens as a plain decimal, such as `0.15` or `3`.
///
/// Read digit by digit into pico-USD per token, which is micro-USD per million: never through a floating-point number.
enum DollarText {
    private static let decimals = 6
    private static let unit: Int64 = 1_000_000
    /// USD per million tokens; one dollar for a token.
    private static let maximum: Int64 = 1_000_000

    /// The rate in pico-USD per token.
    static func parse(_ text: String) throws(ValueError) -> Int64 {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap({ DecimalText.parse($0) }) else { throw Self.expectation }
        guard whole <= Self.maximum else {
            throw ValueError("expected at most \(Self.maximum) USD per million tokens")
        }
        guard parts.count == 2 else { return whole * Self.unit }
        guard !parts[1].isEmpty, parts[1].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw Self.expectation
        }
        guard parts[1].dropFirst(Self.decimals).allSatisfy({ $0 == UInt8(ascii: "0") }) else {
            throw ValueError("expected at most \(Self.decimals) decimals")
        }
        var fraction: Int64 = 0
        for place in 0..<Self.decimals {
            let digit = parts[1].dropFirst(place).first ?? UInt8(ascii: "0")
            fraction = fraction * 10 + Int64(digit &- UInt8(ascii: "0"))
        }
        return whole * Self.unit + fraction
    }

    /// The shortest exact text.
    static func text(of rate: Int64) -> String {
        let (whole, fraction) = rate.quotientAndRemainder(dividingBy: self.unit)
        guard fraction > 0 else { return String(whole) }
        var digits = Array(String(self.unit + fraction).utf8.dropFirst())
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
        }
        return "\(whole).\(String(decoding: digits, as: UTF8.self))"
    }

    private static var expectation: ValueError {
        ValueError("expected USD per million tokens as a decimal, such as 0.15 or 3")
    }
}
