import Domain

extension RoutePolicy {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        guard let strategy = Strategy(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        let retries: UInt8 = try reader.read()
        guard retries <= Self.maximumRetries else { throw WireReader.Malformed() }
        let retryDelay: UInt64 = try reader.read()
        let hedgeAfter: HedgeDelay?
        switch try reader.read(UInt8.self) {
        case 0: hedgeAfter = nil
        case 1: hedgeAfter = .time(try reader.read())
        case 2:
            let percent: UInt8 = try reader.read()
            guard (50...99).contains(percent) else { throw WireReader.Malformed() }
            hedgeAfter = .percentile(percent)
        default: throw WireReader.Malformed()
        }
        self.init(strategy: strategy, retries: retries, retryDelay: retryDelay, hedgeAfter: hedgeAfter)
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.strategy.rawValue)
        writer.write(self.retries)
        writer.write(self.retryDelay)
        switch self.hedgeAfter {
        case nil: writer.write(0 as UInt8)
        case .time(let milliseconds):
            writer.write(1 as UInt8)
            writer.write(milliseconds)
        case .percentile(let percent):
            writer.write(2 as UInt8)
            writer.write(percent)
        }
    }

    /// The policies of a snapshot: there is at least one.
    static func list(from reader: inout WireReader) throws(WireReader.Malformed) -> [RoutePolicy] {
        let policies = try reader.readList(minimumSize: 11) { (reader) throws(WireReader.Malformed) in
            try RoutePolicy(from: &reader)
        }
        guard !policies.isEmpty else { throw WireReader.Malformed() }
        return policies
    }
}
