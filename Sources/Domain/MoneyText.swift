/// Amounts of US dollars as text, exact to the nano-dollar.
public enum MoneyText {
    /// Nano-USD of a decimal number such as `12`, `12.5` or `0.000000001`; nil for anything else: signs, exponents, more than
    /// 9 decimals, more than 9 billion dollars.
    public static func nanoDollars(_ text: some StringProtocol) -> Int64? {
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first, (1...10).contains(whole.count) else { return nil }
        let fraction = parts.count == 2 ? parts[1] : []
        guard parts.count == 1 || (1...9).contains(fraction.count) else { return nil }
        var value: Int64 = 0
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: 9 - fraction.count)
        for byte in [whole[...], fraction, zeros[...]].joined() {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// The shortest decimal number of `nanoDollars`, with two decimals at least: `12.50`, `0.000000001`.
    public static func text(nanoDollars: Int64) -> String { self.text(nanoDollars, decimals: 9) }

    /// The same of `picoDollars`.
    public static func text(picoDollars: Int64) -> String { self.text(picoDollars, decimals: 12) }

    private static func text(_ value: Int64, decimals: Int) -> String {
        let unit = (0..<decimals).reduce(UInt64(1)) { product, _ in product * 10 }
        let digits = String(value.magnitude % unit)
        var fraction = String(repeating: "0", count: decimals - digits.utf8.count) + digits
        while fraction.utf8.count > 2, fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(value < 0 ? "-" : "")\(value.magnitude / unit).\(fraction)"
    }
}
