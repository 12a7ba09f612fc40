public import Domain

extension EdgeSnapshot {
    /// The bytes of the sealed memfd.
    public func encoded() -> [UInt8] {
        var writer = WireWriter(reserving: 4096)
        writer.write(self.version)
        writer.write(self.logLevel.rawValue)
        writer.write(self.logFormat.rawValue)
        self.requestLogging.write(to: &writer)
        self.http.write(to: &writer)
        writer.write(list: self.corsOrigins) { $0.write($1) }
        writer.write(self.authentication.rawValue)
        writer.write(optional: self.staticKeyDigest) { $0.write($1) }
        self.routes.write(to: &writer)
        writer.write(list: self.prices) { $1.write(to: &$0) }
        writer.write(self.stateDirectory)
        self.journal.write(to: &writer)
        self.limits.write(to: &writer)
        return writer.bytes
    }

    /// Throws on anything `encoded` does not make.
    public init(decoding bytes: [UInt8]) throws(WireReader.Malformed) {
        self = try WireReader.decode(bytes) { (reader) throws(WireReader.Malformed) in
            let version: UInt64 = try reader.read()
            guard let level = LogLevel(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            guard let format = LogFormat(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            let requestLogging = try RequestLogging(from: &reader)
            let http = try HTTPLimits(from: &reader)
            let origins = try reader.readList(minimumSize: 4) { (reader) throws(WireReader.Malformed) in
                try reader.readString(limit: 1024)
            }
            guard let mode = AuthenticationMode(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            let digest = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                try reader.readBytes(limit: 32)
            }
            guard digest.map({ $0.count == 32 }) ?? true else { throw WireReader.Malformed() }
            let routes = try RouteTable(from: &reader)
            let prices = try reader.readList(minimumSize: 24) { (reader) throws(WireReader.Malformed) in
                try Price(from: &reader)
            }
            guard routes.priceIndexes.allSatisfy({ Int($0) < prices.count }) else { throw WireReader.Malformed() }
            let stateDirectory = try reader.readString(limit: 4096)
            let journal = try JournalSettings(from: &reader)
            return EdgeSnapshot(
                version: version, http: http, corsOrigins: origins, authentication: mode, staticKeyDigest: digest,
                routes: routes, prices: prices, stateDirectory: stateDirectory,
                journal: journal, limits: try LimitSettings(from: &reader), logLevel: level, logFormat: format,
                requestLogging: requestLogging)
        }
    }
}

extension HTTPLimits {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.init()
        self.maxRequestLine = try reader.read()
        self.maxHeaders = try reader.read()
        self.maxHeaderCount = try reader.read()
        self.maxBody = try reader.read()
        self.headerTimeout = try reader.read()
        self.idleTimeout = try reader.read()
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.maxRequestLine)
        writer.write(self.maxHeaders)
        writer.write(self.maxHeaderCount)
        writer.write(self.maxBody)
        writer.write(self.headerTimeout)
        writer.write(self.idleTimeout)
    }
}

extension RouteTable {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let providers = try reader.readList(minimumSize: 4) { (reader) throws(WireReader.Malformed) in
            try reader.readString(limit: 256)
        }
        let aliases = try reader.readList(minimumSize: 8) { (reader) throws(WireReader.Malformed) in
            let name = try reader.readBytes(limit: 1024)
            let targets = try reader.readList(minimumSize: 6) { (reader) throws(WireReader.Malformed) in
                let provider: UInt16 = try reader.read()
                guard Int(provider) < providers.count else { throw WireReader.Malformed() }
                return Target(
                    provider: provider, model: try reader.readBytes(limit: 1024),
                    price: try reader.readOptional { (reader) throws(WireReader.Malformed) in try reader.read() })
            }
            return Alias(name: name, targets: targets)
        }
        let defaultProvider = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.read(UInt16.self)
        }
        guard defaultProvider.map({ Int($0) < providers.count }) ?? true else { throw WireReader.Malformed() }
        let models = try reader.readList(minimumSize: 7) { (reader) throws(WireReader.Malformed) in
            let provider: UInt16 = try reader.read()
            guard Int(provider) < providers.count else { throw WireReader.Malformed() }
            let name = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                try reader.readBytes(limit: 1024)
            }
            return Model(provider: provider, name: name, facts: try ModelFacts(from: &reader))
        }
        self.init(providers: providers, aliases: aliases, defaultProvider: defaultProvider, models: models)
    }

    /// Every price the table refers to.
    fileprivate var priceIndexes: [UInt32] {
        self.aliases.flatMap { $0.targets.compactMap(\.price) } + self.models.compactMap(\.facts.price)
    }

    func write(to writer: inout WireWriter) {
        writer.write(list: self.providers) { $0.write($1) }
        writer.write(list: self.aliases) { writer, alias in
            writer.write(alias.name)
            writer.write(list: alias.targets) {
                $0.write($1.provider)
                $0.write($1.model)
                $0.write(optional: $1.price) { $0.write($1) }
            }
        }
        writer.write(optional: self.defaultProvider) { $0.write($1) }
        writer.write(list: self.models) {
            $0.write($1.provider)
            $0.write(optional: $1.name) { $0.write($1) }
            $1.facts.write(to: &$0)
        }
    }
}

extension RequestLogging {
    /// One byte, a bit each.
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let bits: UInt8 = try reader.read()
        guard bits < 8 else { throw WireReader.Malformed() }
        self.init(access: bits & 1 != 0, prompts: bits & 2 != 0, responses: bits & 4 != 0)
    }

    func write(to writer: inout WireWriter) {
        writer.write((self.access ? 1 : 0) | (self.prompts ? 2 : 0) | (self.responses ? 4 : 0) as UInt8)
    }
}
