import Domain

/// How tokens and units lie in a record: the set of classes, then a number of 64 bits for each of them.
extension TokenUsage {
    /// In the set of classes of a call that was served in another way than usual, or used units: both follow. What older programs
    /// have written has it never.
    static let extrasBit: UInt16 = 1 << 15
    /// The classes that most calls have no tokens of.
    static let rareBits: UInt16 = ~(1 << 0 | 1 << 1 | 1 << 4 | 1 << 5)
    static let maximumEncodedSize = 2 + 8 * TokenClass.allCases.count

    /// The classes with tokens as bits, by the raw value of `TokenClass`. A count below zero is none.
    @inline(__always)
    var presentClasses: UInt16 {
        var bits: UInt16 = 0
        if self.input > 0 { bits |= 1 << 0 }
        if self.cacheRead > 0 { bits |= 1 << 1 }
        if self.output > 0 { bits |= 1 << 4 }
        if self.reasoning > 0 { bits |= 1 << 5 }
        return self.hasRareClasses ? bits | self.presentRareClasses : bits
    }

    private var presentRareClasses: UInt16 {
        var bits: UInt16 = 0
        for tokenClass in TokenClass.allCases where self[tokenClass] > 0 { bits |= 1 << UInt16(tokenClass.rawValue) }
        return bits & TokenUsage.rareBits
    }

    /// Bytes of the set and the counts in a record.
    @inline(__always)
    var encodedSize: Int { 2 + 8 * self.presentClasses.nonzeroBitCount }

    /// As `encodedSize`, with the extras.
    @inline(__always)
    func encodedSize(_ service: ServiceTier, _ units: CallUnits?) -> Int {
        let classes = units?.presentClasses ?? 0
        guard service != .standard || classes != 0 else { return self.encodedSize }
        return self.encodedSize + 3 + 8 * classes.nonzeroBitCount
    }
}

extension CallUnits {
    /// With the service. That a call is a request is not written.
    static let maximumEncodedSize = 3 + 8 * (UnitClass.allCases.count - 1)

    /// The classes with units as bits, by the raw value of `UnitClass`. A count below zero is none.
    var presentClasses: UInt16 {
        var bits: UInt16 = 0
        for unitClass in UnitClass.allCases where self[unitClass] > 0 { bits |= 1 << UInt16(unitClass.rawValue) }
        return bits
    }
}
