import Domain

/// A 16-bit set of the classes that are not zero, then their counts in the order of the classes.
extension TokenUsage {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let present: UInt16 = try reader.read()
        guard present >> UInt16(TokenClass.allCases.count) == 0 else { throw WireReader.Malformed() }
        self.init()
        for tokenClass in TokenClass.allCases where present & 1 << UInt16(tokenClass.rawValue) != 0 {
            let count: Int64 = try reader.read()
            guard count >= 0 else { throw WireReader.Malformed() }
            self[tokenClass] = count
        }
    }

    func write(to writer: inout WireWriter) {
        var present: UInt16 = 0
        for tokenClass in TokenClass.allCases where self[tokenClass] != 0 {
            present |= 1 << UInt16(tokenClass.rawValue)
        }
        writer.write(present)
        for tokenClass in TokenClass.allCases where self[tokenClass] != 0 { writer.write(self[tokenClass]) }
    }
}
