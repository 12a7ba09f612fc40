public import Domain

extension UpstreamSnapshot {
    /// The bytes of the sealed memfd.
    public func encoded() -> [UInt8] {
        var writer = WireWriter(reserving: 4096)
        writer.write(self.version)
        writer.write(self.logLevel.rawValue)
        writer.write(self.logFormat.rawValue)
        writer.write(list: self.providers) { $1.write(to: &$0) }
        writer.write(list: self.prices) { $1.write(to: &$0) }
        writer.write(list: self.policies) { $1.write(to: &$0) }
        writer.write(self.upstreams)
        writer.write(self.stateDirectory)
        self.journal.write(to: &writer)
        writer.write(optional: self.earlier) { writer, earlier in
            writer.write(earlier.version)
            writer.write(list: earlier.providers) { $1.write(to: &$0) }
            writer.write(list: earlier.prices) { $1.write(to: &$0) }
            writer.write(list: earlier.policies) { $1.write(to: &$0) }
        }
        return writer.bytes
    }

    /// Throws on anything `encoded` does not make.
    public init(decoding bytes: [UInt8]) throws(WireReader.Malformed) {
        self = try WireReader.decode(bytes) { (reader) throws(WireReader.Malformed) in
            let version: UInt64 = try reader.read()
            guard let level = LogLevel(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            guard let format = LogFormat(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            let providers = try Self.providers(from: &reader)
            let prices = try Self.prices(from: &reader)
            let policies = try RoutePolicy.list(from: &reader)
            let upstreams: UInt16 = try reader.read()
            let stateDirectory = try reader.readString(limit: 4096)
            let journal = try JournalSettings(from: &reader)
            let earlier = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                let version: UInt64 = try reader.read()
                let providers = try Self.providers(from: &reader)
                let prices = try Self.prices(from: &reader)
                return Earlier(
                    version: version, providers: providers, prices: prices,
                    policies: try RoutePolicy.list(from: &reader))
            }
            return UpstreamSnapshot(
                version: version, providers: providers, prices: prices, policies: policies, upstreams: upstreams,
                stateDirectory: stateDirectory, journal: journal, logLevel: level, logFormat: format, earlier: earlier)
        }
    }

    private static func providers(from reader: inout WireReader) throws(WireReader.Malformed) -> [ProviderSettings] {
        try reader.readList(minimumSize: 16) { (reader) throws(WireReader.Malformed) in
            try ProviderSettings(from: &reader)
        }
    }

    private static func prices(from reader: inout WireReader) throws(WireReader.Malformed) -> [Price] {
        try reader.readList(minimumSize: 24) { (reader) throws(WireReader.Malformed) in try Price(from: &reader) }
    }
}
