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
        let room = UnsafeMutableRawBufferPointer(buffer)
        unsafe room.storeBytes(of: RecordID.digits(self.high >> 32), toByteOffset: 0, as: UInt64.self)
        unsafe room.storeBytes(of: RecordID.digits(self.high), toByteOffset: 8, as: UInt64.self)
        unsafe room.storeBytes(of: RecordID.digits(self.low >> 32), toByteOffset: 16, as: UInt64.self)
        unsafe room.storeBytes(of: RecordID.digits(self.low), toByteOffset: 24, as: UInt64.self)
        return 32
    }

    /// The eight digits of the lower 32 bits, in the order of memory: all at once, as a record is written with every reply
    /// and log line.
    @inline(__always)
    private static func digits(_ value: UInt64) -> UInt64 {
        // One hexadecimal digit a byte, the first in the highest.
        var word = value & 0xFFFF_FFFF
        word = (word & 0xFFFF_0000) << 16 | word & 0xFFFF
        word = (word & 0x0000_FF00_0000_FF00) << 8 | word & 0x0000_00FF_0000_00FF
        word = (word & 0x00F0_00F0_00F0_00F0) << 4 | word & 0x000F_000F_000F_000F
        let letters = (word &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return (word &+ 0x3030_3030_3030_3030 &+ letters &* 0x27).bigEndian
    }
}
