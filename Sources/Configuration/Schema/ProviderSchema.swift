import Domain

/// Reads one entry of `providers`.
struct ProviderSchema {
    /// Dialects of the schema that later versions speak.
    private static let laterDialects = ["gemini", "vertex", "bedrock", "cohere"]
    private static let simulatedKeys = ["delay", "tokens_per_second"]
    /// Keys of later dialects.
    private static let laterKeys = [
        "project", "location", "credentials", "region", "access_key_id", "secret_access_key",
    ]
    private static let simulatedName = "simulated"
    private static let dialectNames = Dialect.allCases.map(\.name) + [simulatedName]
    private static let expectation = "expected one of \(dialectNames.joined(separator: ", "))"

    /// What a provider is.
    private enum Nature {
        case server(Dialect)
        case simulated

        var name: String {
            switch self {
            case .server(let dialect): dialect.name
            case .simulated: ProviderSchema.simulatedName
            }
        }

        /// The header that a key goes into, in lower case.
        var keyHeader: String {
            switch self {
            case .server(.anthropic): "x-api-key"
            case .server(.azure): "api-key"
            case .server, .simulated: "authorization"
            }
        }
    }

    let problems: ProblemSink
    let readFile: BoundedFile.Reader

    /// The provider, or nil when its dialect is not known.
    func read(_ entry: DocumentEntry) -> ConfiguredProvider? {
        if !NameText.isProviderName(entry.key) {
            self.problems.problem(at: entry.position, path: entry.value.path, "expected \(NameText.providerNameRule)")
        }
        var reader = MappingReader(entry.value, problems: self.problems)
        let nature = self.nature(&reader, entry)
        var dialect: Dialect?
        if case .server(let named) = nature { dialect = named }
        let schema = ServerSchema(problems: self.problems)
        let server = schema.read(&reader, dialect)
        let simulation = self.simulation(&reader)
        self.refuseForeignKeys(&reader, nature)
        let kind =
            dialect.map { ProviderSettings.Kind.server($0, baseURL: server.baseURL ?? $0.defaultBaseURL ?? "") }
            ?? simulation
        var provider = ConfiguredProvider(
            settings: ProviderSettings(
                name: entry.key, kind: kind, keys: server.keys.keys, apiVersion: server.apiVersion,
                dropsUnsupported: server.dropsUnsupported, fetchesImages: server.fetchesImages))
        self.readCommon(&reader, &provider, keyHeader: nature?.keyHeader ?? "")
        if let dialect { schema.complain(reader, server, dialect, entry) }
        reader.finish()
        return nature == nil ? nil : provider
    }

    static func unknownProvider(_ name: String, names: [String]) -> ValueError {
        if let meant = EditDistance.nearest(to: name, among: names) {
            return ValueError("expected the name of a provider (did you mean \(meant)?)")
        }
        let known = names.isEmpty ? "there is none" : names.joined(separator: ", ")
        return ValueError("expected the name of a provider (\(known))")
    }

    // MARK: - What the provider speaks

    private func nature(_ reader: inout MappingReader, _ entry: DocumentEntry) -> Nature? {
        if reader.lacks("dialect") {
            // No default: a key must not go to a vendor that nobody named.
            self.problems.problem(
                at: entry.position, path: "\(entry.value.path).dialect", "missing; \(Self.expectation)")
        }
        return reader.value("dialect") { scalar throws(ValueError) in
            if scalar.text == Self.simulatedName { return .simulated }
            if let dialect = Dialect.allCases.first(where: { $0.name == scalar.text }) { return .server(dialect) }
            throw self.unknownDialect(scalar.text)
        }
    }

    private func unknownDialect(_ text: String) -> ValueError {
        guard !Self.laterDialects.contains(text) else {
            return ValueError("this dialect is not available yet: \(Self.expectation)")
        }
        let nearest = EditDistance.nearest(to: text, among: Self.dialectNames + Self.laterDialects)
        return ValueError(Self.expectation + (nearest.map { " (did you mean \($0)?)" } ?? ""))
    }

    private func simulation(_ reader: inout MappingReader) -> ProviderSettings.Kind {
        guard case .simulated(var delay, var speed) = ConfiguredProvider.defaultSimulation else {
            return ConfiguredProvider.defaultSimulation
        }
        if let time = reader.value("delay", ScalarParser.duration(.zero ... .seconds(3600))) { delay = UInt32(time) }
        if let count = reader.value("tokens_per_second", ScalarParser.integer(1...1_000_000)) { speed = UInt32(count) }
        return .simulated(delay: delay, tokensPerSecond: speed)
    }

    /// Names each key that belongs to another dialect. For an unknown dialect they may all be right.
    private func refuseForeignKeys(_ reader: inout MappingReader, _ nature: Nature?) {
        let foreign: [String]
        switch nature {
        case .server(.azure): foreign = Self.simulatedKeys + Self.laterKeys
        case .server: foreign = Self.simulatedKeys + Self.laterKeys + ServerSchema.azureKeys
        case .simulated: foreign = ServerSchema.keys + ServerSchema.azureKeys + Self.laterKeys
        case nil: foreign = []
        }
        for key in Self.laterKeys + ServerSchema.azureKeys {
            _ = reader.entry(key)
        }
        for entry in reader.entries where foreign.contains(entry.key) && !reader.lacks(entry.key) {
            self.problems.problem(
                at: entry.position, path: entry.value.path,
                "has no meaning for dialect \(nature?.name ?? ""): leave it out")
        }
    }

    // MARK: - What every provider may have

    private func readCommon(_ reader: inout MappingReader, _ provider: inout ConfiguredProvider, keyHeader: String) {
        let headers = HeadersSchema(
            problems: self.problems, keyHeader: provider.settings.apiKey == nil ? nil : keyHeader)
        provider.settings.headers = headers.read(reader.mapping("headers"))
        provider.settings.proxy = reader.value("proxy", secret: true) { scalar throws(ValueError) in
            let url = try ProviderURL(scalar.text)
            guard url.path.isEmpty else {
                throw ValueError("expected a proxy without a path, such as http://proxy:3128")
            }
            return url.description
        }
        OverloadSchema(problems: self.problems).read(&reader, into: &provider.settings)
        reader.unavailable("http2", neutral: ["false"])
        provider.settings.caFile = reader.value("ca_file") { scalar throws(ValueError) in
            try self.certificateFile(scalar)
        }
        provider.allowPrivateNetwork = reader.value("allow_private_network", ScalarParser.boolean) ?? false
        provider.settings.timeouts = self.timeouts(reader.mapping("timeouts"))
    }

    private func timeouts(_ reader: MappingReader) -> ProviderTimeouts {
        var reader = reader
        var timeouts = ProviderTimeouts()
        let parse = ScalarParser.duration(.milliseconds(1) ... .seconds(86_400))
        timeouts.connect = reader.value("connect", parse) ?? timeouts.connect
        timeouts.firstToken = reader.value("first_token", parse) ?? timeouts.firstToken
        timeouts.idle = reader.value("idle", parse) ?? timeouts.idle
        timeouts.total = reader.value("total", parse) ?? timeouts.total
        reader.finish()
        return timeouts
    }

    private func certificateFile(_ scalar: DocumentScalar) throws(ValueError) -> String {
        let path = try ScalarParser.text("the path of a PEM file")(scalar)
        let bytes: [UInt8]
        do throws(BoundedFile.Failure) {
            bytes = try self.readFile(path, 4 << 20)
        } catch {
            throw ValueError("expected a readable PEM file (\(error.reason))")
        }
        guard bytes.firstRange(of: "-----BEGIN CERTIFICATE-----".utf8) != nil else {
            throw ValueError("expected a PEM file with certificates")
        }
        return path
    }
}
