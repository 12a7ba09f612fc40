internal import Glibc

/// Strict readers for the scalars that are kept: simdjson's index says where a scalar begins, not that it is one.
///
/// Each takes the exact bytes of one value and returns nil for anything that RFC 8259 does not allow there.
public enum JSONScalar {
    /// Whether a byte is one of JSON's four blanks.
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// Whether `bytes` are exactly `literal`.
    static func equals(_ bytes: UnsafeRawBufferPointer, _ literal: StaticString) -> Bool {
        guard bytes.count == literal.utf8CodeUnitCount, let start = bytes.baseAddress else { return false }
        return unsafe memcmp(start, literal.utf8Start, bytes.count) == 0
    }

    /// Whether a value is `null`.
    public static func isNull(_ bytes: UnsafeRawBufferPointer) -> Bool {
        unsafe self.equals(bytes, "null")
    }

    /// `true` or `false`.
    public static func boolean(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        if unsafe self.equals(bytes, "true") { return true }
        return unsafe self.equals(bytes, "false") ? false : nil
    }

    /// A number without fraction and exponent that fits into 64 bits.
    public static func integer(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard let shape = unsafe Shape(bytes), shape.isInteger else { return nil }
        var value: Int64 = 0
        for index in shape.start..<bytes.count {
            let digit = Int64(unsafe bytes[index] &- 0x30)
            // Counts down for negative numbers, so that Int64.min needs no special case.
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) =
                shape.isNegative
                ? tenfold.subtractingReportingOverflow(digit) : tenfold.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// Any number that a Double can hold, rounded to the nearest; infinities and absurdly long texts are refused.
    public static func number(_ bytes: UnsafeRawBufferPointer) -> Double? {
        guard bytes.count <= 1024, unsafe Shape(bytes) != nil else { return nil }
        guard let value = unsafe Double(String(decoding: bytes, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    /// The parts of a text that follows RFC 8259's grammar of numbers.
    private struct Shape {
        var isNegative = false
        var isInteger = true
        /// Where the digits of the integer part begin.
        var start = 0

        init?(_ bytes: UnsafeRawBufferPointer) {
            var index = 0
            func digits(_ index: inout Int) -> Int {
                let first = index
                while index < bytes.count, unsafe bytes[index] &- 0x30 <= 9 { index &+= 1 }
                return index &- first
            }
            if unsafe bytes.first == UInt8(ascii: "-") {
                self.isNegative = true
                index = 1
            }
            self.start = index
            let whole = digits(&index)
            guard whole > 0, unsafe whole == 1 || bytes[self.start] != UInt8(ascii: "0") else { return nil }
            if index < bytes.count, unsafe bytes[index] == UInt8(ascii: ".") {
                self.isInteger = false
                index &+= 1
                guard digits(&index) > 0 else { return nil }
            }
            if index < bytes.count, unsafe bytes[index] | 0x20 == UInt8(ascii: "e") {
                self.isInteger = false
                index &+= 1
                if index < bytes.count, unsafe bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                    index &+= 1
                }
                guard digits(&index) > 0 else { return nil }
            }
            guard index == bytes.count else { return nil }
        }
    }
}
