import Domain
import NIOCore

/// What the head of a reply is written to: a buffer, or memory of one (`HeadBytes`).
protocol HeadOutput {
    mutating func append(_ text: StaticString)
    mutating func append(_ bytes: UnsafeRawBufferPointer)
    /// `write` gets room for `limit` bytes and says how many it has used.
    mutating func append(upTo limit: Int, _ write: (UnsafeMutableRawBufferPointer) -> Int)
}

extension HeadOutput {
    mutating func append(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe self.append($0) }
    }

    mutating func append(_ text: String) {
        unsafe text.withHeaderBytes { unsafe self.append(UnsafeRawBufferPointer($0)) }
    }

    mutating func append(_ record: RecordID) {
        unsafe self.append(upTo: 32) { bytes in
            unsafe record.write(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<32]).bindMemory(to: UInt8.self))
        }
    }

    /// A header line's start and its value.
    mutating func appendHeader(_ name: StaticString, _ value: [UInt8]) {
        self.append("\r\n")
        self.append(name)
        self.append(": ")
        self.append(value)
    }

    /// A decimal number.
    mutating func writeDecimal(_ value: UInt64) {
        unsafe self.append(upTo: DecimalDigits.most) { unsafe DecimalDigits.write(value, to: $0) }
    }

    /// A count, which is never negative.
    mutating func writeCount(_ value: Int64) { self.writeDecimal(UInt64(max(0, value))) }

    /// Microseconds as milliseconds with three decimals: `0.005`, `1234.567`. 4 to 21 bytes.
    mutating func writeMilliseconds(microseconds: UInt64) {
        let (whole, rest) = microseconds.quotientAndRemainder(dividingBy: 1000)
        self.writeDecimal(whole)
        self.writeFraction(rest, digits: 3)
    }

    /// Nano-USD as dollars, in the form of `MoneyText`: the shortest with two decimals at least. 4 to 20 bytes.
    mutating func writeDollars(nano: Int64) {
        let (whole, nanoDollars) = UInt64(max(0, nano)).quotientAndRemainder(dividingBy: 1_000_000_000)
        self.writeDecimal(whole)
        var rest = nanoDollars
        var digits = 9
        while digits > 2, rest % 10 == 0 {
            rest /= 10
            digits -= 1
        }
        self.writeFraction(rest, digits: digits)
    }

    /// A point and that many digits, at most 9, of a number that has no more.
    private mutating func writeFraction(_ value: UInt64, digits: Int) {
        unsafe self.append(upTo: 10) { bytes in
            unsafe bytes[0] = UInt8(ascii: ".")
            var rest = value
            for index in stride(from: digits, to: 0, by: -1) {
                unsafe bytes[index] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            return digits + 1
        }
    }

    /// A duration as OpenAI's headers have it, which is Go's way: `12ms`, `1s`, `1.5s`, `6m0s`, `1h0m0.25s`.
    mutating func writeDuration(milliseconds: UInt64) {
        guard milliseconds == 0 || milliseconds >= 1000 else {
            self.writeDecimal(milliseconds)
            self.append("ms")
            return
        }
        let (seconds, fraction) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let (minutes, rest) = seconds.quotientAndRemainder(dividingBy: 60)
        if minutes >= 60 {
            self.writeDecimal(minutes / 60)
            self.append("h")
        }
        if minutes > 0 {
            self.writeDecimal(minutes % 60)
            self.append("m")
        }
        self.writeDecimal(rest)
        if fraction > 0 {
            self.append(".")
            var digits = fraction
            var unit: UInt64 = 100
            while digits > 0 {
                self.writeDecimal(digits / unit)
                digits %= unit
                unit = max(1, unit / 10)
            }
        }
        self.append("s")
    }
}

extension ByteBuffer: HeadOutput {
    mutating func append(_ text: StaticString) { self.writeStaticString(text) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) { unsafe self.writeBytes(bytes) }

    mutating func append(upTo limit: Int, _ write: (UnsafeMutableRawBufferPointer) -> Int) {
        _ = unsafe self.writeWithUnsafeMutableBytes(minimumWritableBytes: limit) { unsafe write($0) }
    }
}
