/// The one name of a request in journals, limits, databases and logs: 128 bits, ordered by time, never reused.
///
/// High half: 48 bits of milliseconds since 1970, then the upper 16 of 24 host bits. Low half: the other 8 host bits, 24
/// bits of instance (a spawn counter), 32 bits of counter. Sluice mints it; a client never chooses one.
public struct RecordID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Milliseconds since 1970 at which it was minted.
    public var milliseconds: UInt64 { self.high >> 16 }

    public static func < (a: RecordID, b: RecordID) -> Bool {
        a.high == b.high ? a.low < b.low : a.high < b.high
    }

    /// The process that minted it: 24 bits of host, 24 bits of instance.
    public var host: UInt32 { UInt32(truncatingIfNeeded: (self.high & 0xFFFF) << 8 | self.low >> 56) }
    public var instance: UInt32 { UInt32(truncatingIfNeeded: self.low >> 32) & 0xFF_FFFF }

    /// Reads 32 lowercase hexadecimal digits; nil for anything else.
    public init?(digits: some Collection<UInt8>) {
        guard digits.count == 32 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in digits.enumerated() {
            let nibble: UInt8
            switch byte {
            case 0x30...0x39: nibble = byte - 0x30
            case 0x61...0x66: nibble = byte - 0x57
            default: return nil
            }
            if index < 16 { words.0 = words.0 << 4 | UInt64(nibble) } else { words.1 = words.1 << 4 | UInt64(nibble) }
        }
        self.init(high: words.0, low: words.1)
    }

    /// 32 lowercase hexadecimal digits.
    public var description: String {
        unsafe String(unsafeUninitializedCapacity: 32) { unsafe self.write(into: $0) }
    }

    /// Writes the 32 digits as ASCII; `buffer` has room for at least 32 bytes. Returns 32.
    public func write(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        for index in 0..<16 {
            unsafe buffer[index] = RecordID.digit(self.high >> UInt64(60 - 4 * index))
            unsafe buffer[16 + index] = RecordID.digit(self.low >> UInt64(60 - 4 * index))
        }
        return 32
    }

    private static func digit(_ value: UInt64) -> UInt8 {
        let nibble = UInt8(truncatingIfNeeded: value & 0xF)
        return nibble < 10 ? 0x30 + nibble : 0x57 + nibble
    }
}
