/// Prices as the configuration writes them: plain decimals of US dollars, such as `0.15` or `3`, for a million tokens or for one
/// unit.
///
/// Read digit by digit: never through a floating-point number.
enum DollarText {
    /// What a price is for.
    enum Measure {
        /// USD per million tokens, in pico-USD per token.
        case tokens
        /// USD per unit, in pico-USD.
        case units

        fileprivate var decimals: Int { self == .tokens ? 6 : 12 }
        fileprivate var unit: Int64 { self == .tokens ? 1_000_000 : 1_000_000_000_000 }
        fileprivate var name: String { self == .tokens ? "USD per million tokens" : "USD" }
        fileprivate var example: String { self == .tokens ? "0.15 or 3" : "0.04 or 1" }
    }

    /// USD; of a million tokens one dollar for a token.
    private static let maximum: Int64 = 1_000_000

    /// The rate.
    static func parse(_ text: String, _ measure: Measure = .tokens) throws(ValueError) -> Int64 {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap({ DecimalText.parse($0) }) else { throw Self.expectation(measure) }
        guard whole <= Self.maximum else {
            throw ValueError("expected at most \(Self.maximum) \(measure.name)")
        }
        guard parts.count == 2 else { return whole * measure.unit }
        guard !parts[1].isEmpty, parts[1].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw Self.expectation(measure)
        }
        guard parts[1].dropFirst(measure.decimals).allSatisfy({ $0 == UInt8(ascii: "0") }) else {
            throw ValueError("expected at most \(measure.decimals) decimals")
        }
        var fraction: Int64 = 0
        for place in 0..<measure.decimals {
            let digit = parts[1].dropFirst(place).first ?? UInt8(ascii: "0")
            fraction = fraction * 10 + Int64(digit &- UInt8(ascii: "0"))
        }
        return whole * measure.unit + fraction
    }

    /// The shortest exact text.
    static func text(of rate: Int64, _ measure: Measure = .tokens) -> String {
        let (whole, fraction) = rate.quotientAndRemainder(dividingBy: measure.unit)
        guard fraction > 0 else { return String(whole) }
        var digits = Array(String(measure.unit + fraction).utf8.dropFirst())
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
        }
        return "\(whole).\(String(decoding: digits, as: UTF8.self))"
    }

    private static func expectation(_ measure: Measure) -> ValueError {
        ValueError("expected \(measure.name) as a decimal, such as \(measure.example)")
    }
}
