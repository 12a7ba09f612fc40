/// Shares as the configuration writes them: `50%`.
enum PercentText {
    static func parse(_ text: String) throws(ValueError) -> UInt8 {
        guard let (number, unit) = DecimalText.parseLeading(text), unit == "%", (0...100).contains(number) else {
            throw ValueError("expected a share of 0% to 100%, such as 50%")
        }
        return UInt8(number)
    }
}
