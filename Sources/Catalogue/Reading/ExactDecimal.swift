/// Decimal numbers as JSON writes them, read digit by digit: never through a floating-point number.
enum ExactDecimal {
    /// Bytes of the longest number that is read.
    static let longest = 64
    /// Digits that a number of 128 bits has room for, with one to spare.
    private static let digits = 37

    /// A number times a power of ten, rounded half up to a whole one.
    struct Scaled: Hashable {
        var value: Int64
        /// Nothing was rounded away.
        var isExact: Bool
    }

    /// `text` × 10^`places`; nil for what is no number by RFC 8259, is negative, or is above `maximum`.
    static func read(_ text: UnsafeRawBufferPointer, places: Int, maximum: Int64) -> Scaled? {
        guard text.count <= Self.longest else { return nil }
        var reader = unsafe Digits(text)
        guard let mantissa = reader.read() else { return nil }
        guard mantissa.value != 0 else { return Scaled(value: 0, isExact: !mantissa.isCut) }
        let exponent = mantissa.exponent + places
        guard exponent >= 0 else { return Self.divided(mantissa, by: -exponent, maximum) }
        // More than this is above any maximum.
        guard exponent <= Self.digits, let power = Self.power(exponent) else { return nil }
        let (product, overflow) = mantissa.value.multipliedReportingOverflow(by: power)
        guard !overflow, product <= UInt128(maximum) else { return nil }
        return Scaled(value: Int64(product), isExact: !mantissa.isCut)
    }

    private static func divided(_ mantissa: Mantissa, by places: Int, _ maximum: Int64) -> Scaled? {
        guard places <= Self.digits, let divisor = Self.power(places) else { return Scaled(value: 0, isExact: false) }
        let (quotient, rest) = mantissa.value.quotientAndRemainder(dividingBy: divisor)
        let rounded = quotient + (rest >= divisor - rest ? 1 : 0)
        guard rounded <= UInt128(maximum) else { return nil }
        return Scaled(value: Int64(rounded), isExact: rest == 0 && !mantissa.isCut)
    }

    /// 10^`exponent`, from 0 to 37.
    private static func power(_ exponent: Int) -> UInt128? {
        guard (0...Self.digits).contains(exponent) else { return nil }
        var power: UInt128 = 1
        for _ in 0..<exponent { power *= 10 }
        return power
    }

    /// value × 10^exponent.
    private struct Mantissa {
        var value: UInt128 = 0
        var exponent = 0
        /// Digits other than 0 were left out, as there were too many.
        var isCut = false

        mutating func take(_ digit: UInt8, isFraction: Bool) {
            if self.value < 1_000_000_000_000_000_000_000_000_000_000_000_000 {
                self.value = self.value * 10 + UInt128(digit)
                if isFraction { self.exponent -= 1 }
            } else {
                if digit != 0 { self.isCut = true }
                if !isFraction { self.exponent += 1 }
            }
        }
    }

    /// Walks along the grammar.
    // SAFETY: each access is checked against the buffer's count, and it lives no longer than the call that has the buffer.
    @safe
    private struct Digits {
        private let text: UnsafeRawBufferPointer
        private var place = 0

        init(_ text: UnsafeRawBufferPointer) {
            unsafe self.text = text
        }

        mutating func read() -> Mantissa? {
            var mantissa = Mantissa()
            let first = self.next
            let whole = self.walk { mantissa.take($0, isFraction: false) }
            // No sign, no leading zero.
            guard whole > 0, whole == 1 || first != UInt8(ascii: "0") else { return nil }
            if self.next == UInt8(ascii: ".") {
                self.place += 1
                guard self.walk({ mantissa.take($0, isFraction: true) }) > 0 else { return nil }
            }
            if let byte = self.next, byte | 0x20 == UInt8(ascii: "e") {
                self.place += 1
                let isNegative = self.next == UInt8(ascii: "-")
                if isNegative || self.next == UInt8(ascii: "+") { self.place += 1 }
                var exponent = 0
                // Bounded: what is beyond has no meaning here.
                guard self.walk({ exponent = min(exponent * 10 + Int($0), 10_000) }) > 0 else { return nil }
                mantissa.exponent += isNegative ? -exponent : exponent
            }
            return unsafe self.place == self.text.count ? mantissa : nil
        }

        private var next: UInt8? { unsafe self.place < self.text.count ? self.text[self.place] : nil }

        /// Counts the digits it gives away.
        private mutating func walk(_ take: (UInt8) -> Void) -> Int {
            let first = self.place
            while let byte = self.next, byte &- 0x30 <= 9 {
                take(byte &- 0x30)
                self.place += 1
            }
            return self.place - first
        }
    }
}
