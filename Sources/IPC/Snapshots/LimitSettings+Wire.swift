import Domain

extension LimitSet {
    /// Bits of `mask` that stand for a kind.
    private static let known = LimitKind.allCases.reduce(UInt16(0)) { $0 | 1 << UInt16($1.rawValue) }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let mask: UInt16 = try reader.read()
        guard mask & ~Self.known == 0 else { throw WireReader.Malformed() }
        self.init()
        for kind in LimitKind.allCases where mask & 1 << UInt16(kind.rawValue) != 0 {
            let value: Int64 = try reader.read()
            guard value >= 0 else { throw WireReader.Malformed() }
            self[kind] = value
        }
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.mask)
        for kind in LimitKind.allCases { if let value = self[kind] { writer.write(value) } }
    }
}

extension TimeZoneRules {
    /// No place is further from UTC, in seconds.
    private static let furthest: ClosedRange<Int32> = -86_400...86_400

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let name = try reader.readString(limit: 128)
        let initialOffset: Int32 = try reader.read()
        let transitions = try reader.readList(minimumSize: 12) { (reader) throws(WireReader.Malformed) in
            let at: Int64 = try reader.read()
            return Transition(at: at, offset: try reader.read())
        }
        let isAscending = zip(transitions, transitions.dropFirst()).allSatisfy { $0.at < $1.at }
        guard transitions.count <= Self.maximumTransitions, isAscending, Self.furthest.contains(initialOffset),
            transitions.allSatisfy({ Self.furthest.contains($0.offset) })
        else { throw WireReader.Malformed() }
        self.init(name: name, initialOffset: initialOffset, transitions: transitions)
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.name)
        writer.write(self.initialOffset)
        writer.write(list: self.transitions) {
            $0.write($1.at)
            $0.write($1.offset)
        }
    }
}

extension LimitSettings {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.init()
        self.global = try LimitSet(from: &reader)
        self.perAddress = try LimitSet(from: &reader)
        self.perKey = try LimitSet(from: &reader)
        self.models = try reader.readList(minimumSize: 6) { (reader) throws(WireReader.Malformed) in
            let name = try reader.readBytes(limit: 1024)
            return Model(name: name, limits: try LimitSet(from: &reader))
        }
        self.wrongKeysPerMinute = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            let value: Int64 = try reader.read()
            guard value >= 0 else { throw WireReader.Malformed() }
            return value
        }
        self.anonymous.limits = try LimitSet(from: &reader)
        self.anonymous.models = try reader.readList(minimumSize: 4) { (reader) throws(WireReader.Malformed) in
            try reader.readBytes(limit: 1024)
        }
        guard let mode = BudgetMode(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.mode = mode
        self.allowsUnknownPrice = try reader.readBool()
        self.softPercent = try reader.read()
        guard self.softPercent <= 100 else { throw WireReader.Malformed() }
        self.trustedProxies = try reader.readList(minimumSize: 9) { (reader) throws(WireReader.Malformed) in
            try ProxyRange(from: &reader)
        }
        self.timeZone = try TimeZoneRules(from: &reader)
    }

    func write(to writer: inout WireWriter) {
        self.global.write(to: &writer)
        self.perAddress.write(to: &writer)
        self.perKey.write(to: &writer)
        writer.write(list: self.models) {
            $0.write($1.name)
            $1.limits.write(to: &$0)
        }
        writer.write(optional: self.wrongKeysPerMinute) { $0.write($1) }
        self.anonymous.limits.write(to: &writer)
        writer.write(list: self.anonymous.models) { $0.write($1) }
        writer.write(self.mode.rawValue)
        writer.write(self.allowsUnknownPrice)
        writer.write(self.softPercent)
        writer.write(list: self.trustedProxies) { $1.write(to: &$0) }
        self.timeZone.write(to: &writer)
    }
}

extension LimitSettings.ProxyRange {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let network = try reader.readBytes(limit: 16)
        let prefixLength: UInt8 = try reader.read()
        guard network.count == 4 || network.count == 16, Int(prefixLength) <= network.count * 8 else {
            throw WireReader.Malformed()
        }
        self.init(network: network, prefixLength: prefixLength)
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.network)
        writer.write(self.prefixLength)
    }
}
