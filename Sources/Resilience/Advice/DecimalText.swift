/// A number as headers have it: digits, and perhaps a point with more of them. No sign, no exponent.
struct DecimalText {
    /// The largest number where there is no room for it.
    var whole: UInt64 = 0
    /// Of what stands behind the point; more than nine digits are cut off.
    var billionths: UInt64 = 0

    var isZero: Bool { self.whole == 0 && self.billionths == 0 }

    /// Reads one at `index` and moves behind it; nil where there is none, or a point without digits on both sides.
    init?(_ bytes: Span<UInt8>, _ index: inout Int) {
        guard let first = Self.digit(bytes, index) else { return nil }
        self.whole = first
        index += 1
        while let digit = Self.digit(bytes, index) {
            let (product, tooLarge) = self.whole.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(digit)
            self.whole = tooLarge || overflow ? .max : sum
            index += 1
        }
        guard index < bytes.count, bytes[index] == UInt8(ascii: ".") else { return }
        guard Self.digit(bytes, index + 1) != nil else { return nil }
        index += 1
        var unit: UInt64 = 100_000_000
        while let digit = Self.digit(bytes, index) {
            self.billionths += digit * unit
            unit /= 10
            index += 1
        }
    }

    /// The whole text is one number.
    init?(_ bytes: Span<UInt8>) {
        var index = 0
        self.init(bytes, &index)
        guard index == bytes.count else { return nil }
    }

    /// So many times `unit` nanoseconds, at most the largest number.
    func nanoseconds(unit: UInt64) -> UInt64 {
        let (whole, tooLarge) = self.whole.multipliedReportingOverflow(by: unit)
        let part =
            unit >= 1_000_000_000
            ? self.billionths.multipliedReportingOverflow(by: unit / 1_000_000_000).partialValue
            : self.billionths * unit / 1_000_000_000
        let (sum, overflow) = whole.addingReportingOverflow(part)
        return tooLarge || overflow ? .max : sum
    }

    static func digit(_ bytes: Span<UInt8>, _ index: Int) -> UInt64? {
        guard index < bytes.count else { return nil }
        let digit = bytes[index] &- UInt8(ascii: "0")
        return digit < 10 ? UInt64(digit) : nil
    }
}
