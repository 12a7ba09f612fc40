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
        writer.write(self.stateDirectory)
        self.journal.write(to: &writer)
        writer.write(optional: self.earlier) { writer, earlier in
            writer.write(earlier.version)
            writer.write(list: earlier.providers) { $1.write(to: &$0) }
            writer.write(list: earlier.prices) { $1.write(to: &$0) }
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
            let stateDirectory = try reader.readString(limit: 4096)
            let journal = try JournalSettings(from: &reader)
            let earlier = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                let version: UInt64 = try reader.read()
                let providers = try Self.providers(from: &reader)
                return Earlier(version: version, providers: providers, prices: try Self.prices(from: &reader))
            }
            return UpstreamSnapshot(
                version: version, providers: providers, prices: prices, stateDirectory: stateDirectory,
                journal: journal, logLevel: level, logFormat: format, earlier: earlier)
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

extension ProviderSettings {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let name = try reader.readString(limit: 256)
        let kind: Kind
        switch try reader.read(UInt8.self) {
        case 0:
            guard let dialect = Dialect(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            kind = .server(dialect, baseURL: try reader.readString(limit: 8192))
        case 1:
            let delay: UInt32 = try reader.read()
            kind = .simulated(delay: delay, tokensPerSecond: try reader.read())
        default: throw WireReader.Malformed()
        }
        let key = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            Secret(try reader.readBytes())
        }
        let apiVersion = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.readString(limit: 256)
        }
        let dropsUnsupported = try reader.readBool()
        let fetchesImages = try reader.readBool()
        let headers = try reader.readList(minimumSize: 8) { (reader) throws(WireReader.Malformed) in
            let header = try reader.readString(limit: 256)
            return Header(name: header, value: Secret(try reader.readBytes()))
        }
        let proxy = try reader.readOptional { (reader) throws(WireReader.Malformed) in try reader.readString() }
        let maxConnections: UInt32 = try reader.read()
        let caFile = try reader.readOptional { (reader) throws(WireReader.Malformed) in try reader.readString() }
        let connect: UInt64 = try reader.read()
        let firstToken: UInt64 = try reader.read()
        let idle: UInt64 = try reader.read()
        let timeouts = ProviderTimeouts(
            connect: connect, firstToken: firstToken, idle: idle, total: try reader.read())
        self.init(
            name: name, kind: kind, apiKey: key, apiVersion: apiVersion, dropsUnsupported: dropsUnsupported,
            fetchesImages: fetchesImages, headers: headers, proxy: proxy, maxConnections: maxConnections,
            caFile: caFile, timeouts: timeouts)
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.name)
        switch self.kind {
        case .server(let dialect, let baseURL):
            writer.write(UInt8(0))
            writer.write(dialect.rawValue)
            writer.write(baseURL)
        case .simulated(let delay, let tokensPerSecond):
            writer.write(UInt8(1))
            writer.write(delay)
            writer.write(tokensPerSecond)
        }
        writer.write(optional: self.apiKey) { writer, key in key.withBytes { writer.write($0) } }
        writer.write(optional: self.apiVersion) { $0.write($1) }
        writer.write(self.dropsUnsupported)
        writer.write(self.fetchesImages)
        writer.write(list: self.headers) { writer, header in
            writer.write(header.name)
            header.value.withBytes { writer.write($0) }
        }
        writer.write(optional: self.proxy) { $0.write($1) }
        writer.write(self.maxConnections)
        writer.write(optional: self.caFile) { $0.write($1) }
        writer.write(self.timeouts.connect)
        writer.write(self.timeouts.firstToken)
        writer.write(self.timeouts.idle)
        writer.write(self.timeouts.total)
    }
}
