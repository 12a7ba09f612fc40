public import Domain

extension AggregatorSnapshot {
    /// The bytes of the sealed memfd.
    public func encoded() -> [UInt8] {
        var writer = WireWriter()
        writer.write(self.version)
        writer.write(self.logLevel.rawValue)
        writer.write(self.logFormat.rawValue)
        writer.write(list: self.prices) { $1.write(to: &$0) }
        writer.write(self.stateDirectory)
        self.usageDatabase.write(to: &writer)
        self.limitTable.write(to: &writer)
        writer.write(self.upstreams)
        self.housekeeping.write(to: &writer)
        return writer.bytes
    }

    /// Throws on anything `encoded` does not make.
    public init(decoding bytes: [UInt8]) throws(WireReader.Malformed) {
        self = try WireReader.decode(bytes) { (reader) throws(WireReader.Malformed) in
            let version: UInt64 = try reader.read()
            guard let level = LogLevel(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            guard let format = LogFormat(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            let prices = try reader.readList(minimumSize: 24) { (reader) throws(WireReader.Malformed) in
                try Price(from: &reader)
            }
            let stateDirectory = try reader.readString(limit: 4096)
            let usageDatabase = try DatabaseAddress(from: &reader)
            let limitTable = try LimitTableSettings(from: &reader)
            let upstreams: UInt16 = try reader.read()
            let housekeeping = try HousekeepingSettings(from: &reader)
            return AggregatorSnapshot(
                version: version, prices: prices, stateDirectory: stateDirectory, usageDatabase: usageDatabase,
                limitTable: limitTable, upstreams: upstreams, housekeeping: housekeeping, logLevel: level,
                logFormat: format)
        }
    }
}
