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
        self.sharedCalls.write(to: &writer)
        writer.write(self.countsProjects)
        writer.write(self.responseExtension.rawValue)
        writer.write(optional: self.administrationListener) { $0.write($1) }
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
            let limits = try LimitSettings(from: &reader)
            let sharedCalls = try SharedCallSettings(from: &reader)
            let countsProjects = try reader.readBool()
            guard let place = ResponseExtension(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            let administration = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                try reader.read(UInt16.self)
            }
            return EdgeSnapshot(
                version: version, http: http, corsOrigins: origins, authentication: mode, staticKeyDigest: digest,
                routes: routes, prices: prices, stateDirectory: stateDirectory,
                journal: journal, limits: limits, sharedCalls: sharedCalls,
                countsProjects: countsProjects, responseExtension: place, logLevel: level, logFormat: format,
                requestLogging: requestLogging, administrationListener: administration)
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
