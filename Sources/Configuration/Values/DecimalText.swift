/// Whole numbers as the configuration writes them: decimal digits only, no sign, no separators, no leading zero.
///
/// Swift's own `Int(_:)` takes `+5`, and YAML 1.1 reads `010` as eight: neither is wanted in a file people edit.
enum DecimalText {
    /// The number in `bytes`, or nil when they are not a number or it does not fit.
    static func parse(_ bytes: some Collection<UInt8>) -> Int64? {
        guard let first = bytes.first, first != UInt8(ascii: "0") || bytes.count == 1 else { return nil }
        var value: Int64 = 0
        for byte in bytes {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let (product, productOverflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) = product.addingReportingOverflow(Int64(byte &- UInt8(ascii: "0")))
            guard !productOverflow, !sumOverflow else { return nil }
            value = sum
        }
        return value
    }

    /// Splits `text` into a number and what follows its digits; nil when it does not start with a number that fits.
    static func parseLeading(_ text: String) -> (number: Int64, rest: String)? {
        let bytes = Array(text.utf8)
        let digits = bytes.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard let number = self.parse(digits) else { return nil }
        return (number, String(decoding: bytes[digits.endIndex...], as: UTF8.self))
    }
}
