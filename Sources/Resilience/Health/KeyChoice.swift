/// Which key of a pool a call goes with.
public enum KeyChoice {
    /// One of the keys whose bits are set in `free`, by chance, in proportion to their weights; nil where there is none. `random` is
    /// any number.
    public static func pick(_ weights: [UInt32], free: UInt64, random: UInt64) -> UInt8? {
        var total: UInt64 = 0
        var last: UInt8?
        for (index, weight) in weights.prefix(64).enumerated() where free >> UInt64(index) & 1 == 1 {
            total += UInt64(max(1, weight))
            last = UInt8(index)
        }
        guard total > 0 else { return nil }
        var place = random.multipliedFullWidth(by: total).high
        for (index, weight) in weights.prefix(64).enumerated() where free >> UInt64(index) & 1 == 1 {
            let weight = UInt64(max(1, weight))
            if place < weight { return UInt8(index) }
            place -= weight
        }
        return last
    }
}
