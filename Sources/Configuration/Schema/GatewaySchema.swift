import Domain

/// Reads the whole file: the sections this version uses, and the ones it knows but cannot serve yet.
struct GatewaySchema {
    let problems: ProblemSink
    /// Providers come from it when the file has none; else those found in it choose the default one.
    let environment: [String: String]
    let readFile: BoundedFile.Reader

    /// The configuration that `root` describes; to be used only if `problems` is empty afterwards.
    func read(_ root: DocumentNode) -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        var reader = MappingReader(root, problems: self.problems)

        let listen = ListenSchema(problems: self.problems, readFile: self.readFile)
        let passed = PassedSockets(in: self.environment)
        configuration.listen = listen.read(&reader) ?? passed.listeners ?? configuration.listen
        configuration.admin = AdminSchema(listen: listen).read(reader.mapping("admin"), beside: configuration.listen)
        for notice in passed.notices(listen: configuration.listeners) { self.problems.notice(notice) }
        let stateDirectory = reader.value("state_directory", ScalarParser.text("the path of a folder"))
        configuration.stateDirectory = stateDirectory ?? configuration.stateDirectory
        configuration.database = DatabaseSchema(problems: self.problems, environment: self.environment).read(&reader)
        reader.unavailable("redis")
        reader.tuning("redis_timeout", ScalarParser.duration(.milliseconds(1) ... .seconds(10)))
        configuration.workers = self.workers(reader.mapping("workers"))
        let drainTimeout = reader.value("drain_timeout", ScalarParser.duration(.zero ... .seconds(86_400)))
        configuration.drainTimeout = drainTimeout ?? configuration.drainTimeout
        configuration.user = reader.value("user", ScalarParser.text("the name of a user"))

        configuration.http = HTTPSchema.read(reader.mapping("http"))
        configuration.auth = AuthSchema.read(reader.mapping("auth"), problems: self.problems)

        let providers = reader.mapping("providers")
        var names = providers.entries.map(\.key)
        let provider = ProviderSchema(problems: self.problems, readFile: self.readFile)
        configuration.providers = providers.entries.compactMap { entry in
            self.problems.defined(entry, .provider)
            return provider.read(entry)
        }
        if names.isEmpty {
            configuration.providers = self.providersOfTheEnvironment(listen: configuration.listen.map(\.address))
            names = configuration.providers.map(\.settings.name)
        }
        configuration.defaultProvider = self.explicitDefault(&reader, names: names) ?? self.impliedDefault(names)
        configuration.models = ModelsSchema(problems: self.problems, providers: names).read(reader.mapping("models"))
        configuration.pricing = PricingSchema(problems: self.problems, providers: names).read(
            reader.mapping("pricing"))
        configuration.catalogue = CatalogueSchema.read(reader.mapping("catalogue"))
        configuration.limits = LimitsSchema(problems: self.problems).read(reader.mapping("limits"))
        configuration.journal = JournalSchema.read(reader.mapping("journal"))

        LoggingSchema.read(reader.mapping("logging"), into: &configuration)
        ScheduleSchema.read(reader.mapping("schedule"), into: &configuration)
        configuration.retention = RetentionSchema.read(reader.mapping("retention"))
        configuration.sharedCalls = CacheSchema.read(reader.mapping("cache"))
        configuration.telemetry = TelemetrySchema.read(reader.mapping("telemetry"))
        UnbuiltSchema.read(&reader)
        reader.finish()
        return configuration
    }

    private func workers(_ reader: MappingReader) -> WorkerSettings {
        var reader = reader
        let parse: ScalarParser.Parse<WorkerCount> = { scalar throws(ValueError) in
            if scalar.text == "auto" { return .automatic }
            guard scalar.isPlain, let count = DecimalText.parse(scalar.text.utf8), (1...200).contains(count) else {
                throw ValueError("expected auto or a whole number of 1 to 200")
            }
            return .fixed(Int(count))
        }
        let settings = WorkerSettings(
            edge: reader.value("edge", parse) ?? .automatic, upstream: reader.value("upstream", parse) ?? .automatic)
        reader.finish()
        return settings
    }

    /// What stands in for `providers` when the file has none.
    private func providersOfTheEnvironment(listen: [ListenAddress]) -> [ConfiguredProvider] {
        let found = EnvironmentProviders(in: self.environment, listen: listen)
        self.problems.add(problems: found.problems, notices: found.notices)
        guard !found.providers.isEmpty else { return [] }
        self.problems.notice(
            found.areSimulated
                ? "there are no providers, and no provider's key is in the environment: "
                    + "the built-in simulated provider answers"
                : "there are no providers; those of the environment are used: "
                    + found.providers.map(\.settings.name).joined(separator: ", "))
        return found.providers
    }

    private func explicitDefault(_ reader: inout MappingReader, names: [String]) -> String? {
        reader.value("default_provider") { scalar throws(ValueError) in
            guard names.contains(scalar.text) else {
                throw ProviderSchema.unknownProvider(scalar.text, names: names)
            }
            return scalar.text
        }
    }

    private func impliedDefault(_ names: [String]) -> String? {
        if names.count == 1 { return names.first }
        return EnvironmentProviders.names(in: self.environment).first { names.contains($0) }
    }
}
