import Domain

/// A 16-bit set of the classes that are not zero, then their counts in the order of the classes.
extension TokenUsage {
    /// In the order of all classes.
    private static let usualClasses: [TokenClass] = [.input, .cacheRead, .output, .reasoning].sorted {
        $0.rawValue < $1.rawValue
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let present: UInt16 = try reader.read()
        guard present >> UInt16(TokenClass.allCases.count) == 0 else { throw WireReader.Malformed() }
        self.init()
        var rest = present
        while rest != 0 {
            let count: Int64 = try reader.read()
            guard count >= 0,
                let tokenClass = TokenClass(rawValue: UInt8(truncatingIfNeeded: rest.trailingZeroBitCount))
            else { throw WireReader.Malformed() }
            rest &= rest &- 1
            self[tokenClass] = count
        }
    }

    func write(to writer: inout WireWriter) {
        // Most calls have texts alone: no need to look for all the others.
        let classes = self.hasRareClasses ? TokenClass.allCases : Self.usualClasses
        var present: UInt16 = 0
        for tokenClass in classes where self[tokenClass] != 0 {
            present |= 1 << UInt16(tokenClass.rawValue)
        }
        writer.write(present)
        for tokenClass in classes where self[tokenClass] != 0 { writer.write(self[tokenClass]) }
    }
}
