/// The decimal digits of a number, in ASCII.
public enum DecimalDigits {
    /// The most that a number of 64 bits has.
    @inlinable public static var most: Int { 20 }

    /// Writes the digits to the start of `bytes` and says how many there are; 0, and nothing is written, where there is no room for them.
    @inlinable
    public static func write(_ value: UInt64, to bytes: UnsafeMutableRawBufferPointer) -> Int {
        let count = self.count(of: value)
        guard count <= bytes.count else { return 0 }
        var place = count
        var rest = value
        // Two at a time: one division for both.
        while rest >= 100 {
            let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
            place &-= 2
            unsafe bytes.storeBytes(of: self.pair(pair), toByteOffset: place, as: UInt16.self)
            rest = quotient
        }
        if rest >= 10 {
            unsafe bytes.storeBytes(of: self.pair(rest), toByteOffset: 0, as: UInt16.self)
        } else {
            unsafe bytes.storeBytes(of: 0x30 &+ UInt8(truncatingIfNeeded: rest), toByteOffset: 0, as: UInt8.self)
        }
        return count
    }

    @inlinable
    static func count(of value: UInt64) -> Int {
        var count = 1
        var limit: UInt64 = 10
        while value >= limit, count < self.most {
            count &+= 1
            limit &*= 10
        }
        return count
    }

    /// Both digits of a number below 100, as they lie in memory.
    @inlinable
    static func pair(_ value: UInt64) -> UInt16 {
        let tens = (value &* 205) &>> 11
        let ones = value &- tens &* 10
        return UInt16(truncatingIfNeeded: 0x3030 &+ tens &+ (ones &<< 8)).littleEndian
    }
}
