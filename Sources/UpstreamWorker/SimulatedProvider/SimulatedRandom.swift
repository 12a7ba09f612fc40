/// Numbers that look random and depend on nothing but what went into the seed.
struct SimulatedRandom {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// From 0 up to, not including, `bound`.
    mutating func next(below bound: Int) -> Int {
        Int(truncatingIfNeeded: self.next() % UInt64(clamping: max(1, bound)))
    }

    /// FNV-1a over bytes, continuing from `hash`.
    static func hash(_ bytes: [UInt8], from hash: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
        var hash = hash
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        // A mark between two strings: "ab","c" is not "a","bc".
        return (hash ^ 0x1FF) &* 0x0000_0100_0000_01B3
    }
}
