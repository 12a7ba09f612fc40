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
        unsafe self.append(upTo: 20) { bytes in
            var digits = 1
            var rest = value
            while rest >= 10 {
                rest /= 10
                digits += 1
            }
            rest = value
            for index in stride(from: digits - 1, through: 0, by: -1) {
                unsafe bytes[index] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            return digits
        }
    }

    /// A count, which is never negative.
    mutating func writeCount(_ value: Int64) { self.writeDecimal(UInt64(max(0, value))) }

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
