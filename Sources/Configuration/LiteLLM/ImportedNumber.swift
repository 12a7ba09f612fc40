/// A decimal number that is not negative, such as `6`, `0.00003`, `3e-05`, without the detour of a floating-point number.
struct ImportedNumber: Hashable {
    private let digits: [UInt8]
    /// The number is `digits` × 10^`exponent`.
    private let exponent: Int

    init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        if rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        let isDigit: (UInt8) -> Bool = { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        // Separators are allowed where LiteLLM reads the file.
        rest = rest.filter { $0 != UInt8(ascii: "_") }[...]
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = rest.prefix(while: isDigit)
            rest = rest.dropFirst(fraction.count)
        }
        var exponent = 0
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            let isNegative = rest.first == UInt8(ascii: "-")
            if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
            let count = rest.prefix(while: isDigit)
            guard (1...3).contains(count.count) else { return nil }
            exponent = count.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } * (isNegative ? -1 : 1)
            rest = rest.dropFirst(count.count)
        }
        guard rest.isEmpty, !whole.isEmpty || !fraction.isEmpty, whole.count + fraction.count <= 64 else { return nil }
        self.digits = (Array(whole) + Array(fraction)).map { $0 - UInt8(ascii: "0") }
        self.exponent = exponent - fraction.count
    }

    var isZero: Bool { self.digits.allSatisfy { $0 == 0 } }

    /// The number × 10^`power` as a whole number; nil where it does not fit, or is none and may not be rounded (to the nearest).
    func scaled(by power: Int, rounding: Bool = false) -> Int64? {
        if self.isZero { return 0 }
        var digits = self.digits
        let exponent = self.exponent + power
        var rounds = false
        if exponent >= 0 {
            guard exponent <= 18 else { return nil }
            digits += [UInt8](repeating: 0, count: exponent)
        } else {
            let cut = min(-exponent, digits.count)
            let lost = digits.suffix(cut)
            guard rounding || lost.allSatisfy({ $0 == 0 }) else { return nil }
            rounds = -exponent <= digits.count && (lost.first ?? 0) >= 5
            digits.removeLast(cut)
        }
        var value: Int64 = 0
        for digit in digits {
            let (product, first) = value.multipliedReportingOverflow(by: 10)
            let (sum, second) = product.addingReportingOverflow(Int64(digit))
            guard !first, !second else { return nil }
            value = sum
        }
        return rounds && value < .max ? value + 1 : value
    }
}
