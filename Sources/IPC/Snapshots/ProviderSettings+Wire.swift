import Domain

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
        let keys = try reader.readList(minimumSize: 14) { (reader) throws(WireReader.Malformed) in
            try ProviderKey(from: &reader)
        }
        guard keys.count <= Self.maximumKeys else { throw WireReader.Malformed() }
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
        let concurrency = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.read(UInt32.self)
        }
        let queue = try QueueSettings(from: &reader)
        let breaker = try BreakerSettings(from: &reader)
        let caFile = try reader.readOptional { (reader) throws(WireReader.Malformed) in try reader.readString() }
        let connect: UInt64 = try reader.read()
        let firstToken: UInt64 = try reader.read()
        let idle: UInt64 = try reader.read()
        let timeouts = ProviderTimeouts(
            connect: connect, firstToken: firstToken, idle: idle, total: try reader.read())
        guard let reach = ProviderReach(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.init(
            name: name, kind: kind, keys: keys, apiVersion: apiVersion, dropsUnsupported: dropsUnsupported,
            fetchesImages: fetchesImages, headers: headers, proxy: proxy, maxConnections: maxConnections,
            concurrency: concurrency, queue: queue, breaker: breaker, caFile: caFile, timeouts: timeouts, reach: reach)
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
        writer.write(list: self.keys) { $1.write(to: &$0) }
        writer.write(optional: self.apiVersion) { $0.write($1) }
        writer.write(self.dropsUnsupported)
        writer.write(self.fetchesImages)
        writer.write(list: self.headers) { writer, header in
            writer.write(header.name)
            header.value.withBytes { writer.write($0) }
        }
        writer.write(optional: self.proxy) { $0.write($1) }
        writer.write(self.maxConnections)
        writer.write(optional: self.concurrency) { $0.write($1) }
        self.queue.write(to: &writer)
        self.breaker.write(to: &writer)
        writer.write(optional: self.caFile) { $0.write($1) }
        writer.write(self.timeouts.connect)
        writer.write(self.timeouts.firstToken)
        writer.write(self.timeouts.idle)
        writer.write(self.timeouts.total)
        writer.write(self.reach.rawValue)
    }
}

extension ProviderKey {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let name = try reader.readString(limit: 256)
        let value = Secret(try reader.readBytes())
        let weight: UInt32 = try reader.read()
        let requests = try reader.readOptional { (reader) throws(WireReader.Malformed) in try reader.read(UInt32.self) }
        let tokens = try reader.readOptional { (reader) throws(WireReader.Malformed) in try reader.read(UInt32.self) }
        self.init(name: name, value: value, weight: weight, requestsPerMinute: requests, tokensPerMinute: tokens)
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.name)
        self.value.withBytes { writer.write($0) }
        writer.write(self.weight)
        writer.write(optional: self.requestsPerMinute) { $0.write($1) }
        writer.write(optional: self.tokensPerMinute) { $0.write($1) }
    }
}

extension QueueSettings {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let length: UInt32 = try reader.read()
        self.init(length: length, wait: try reader.read())
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.length)
        writer.write(self.wait)
    }
}

extension BreakerSettings {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let failures: UInt32 = try reader.read()
        let errorRate: UInt8 = try reader.read()
        let requests: UInt32 = try reader.read()
        let window: UInt64 = try reader.read()
        let open: UInt64 = try reader.read()
        self.init(
            failures: failures, errorRate: errorRate, requests: requests, window: window, open: open,
            longestOpen: try reader.read())
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.failures)
        writer.write(self.errorRate)
        writer.write(self.requests)
        writer.write(self.window)
        writer.write(self.open)
        writer.write(self.longestOpen)
    }
}
