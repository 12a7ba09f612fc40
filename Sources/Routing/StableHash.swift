/// A hash that is the same in every process and after every restart, so that all edges choose alike. Not made to withstand
/// who looks for collisions: all they can do is to share a target.
public enum StableHash {
    /// FNV-1a, with a last step that spreads its bits.
    public static func of(_ bytes: some Sequence<UInt8>, seed: UInt64 = 0) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return self.spread(hash)
    }

    /// Each bit of the result depends on all of `value`.
    public static func spread(_ value: UInt64) -> UInt64 {
        // The last step of SplitMix64.
        var value = value
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
