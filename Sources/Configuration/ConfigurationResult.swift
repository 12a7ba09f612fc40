import Domain

/// What came of reading a configuration.
public struct ConfigurationResult: Hashable, Sendable {
    /// The configuration, exactly when there are no problems.
    public var configuration: GatewayConfiguration?
    /// All that is wrong, in the order of the file.
    public var problems: [ConfigurationProblem]
    /// What the operator should know although nothing is wrong, one sentence each, without secrets.
    public var notices: [String]
    /// As it was given; `environment` where there is none.
    var file = "environment"
    /// Where the values of the file stand, by their paths.
    var positions: [String: DocumentPosition] = [:]
    /// Where the providers, aliases and prices of the file are named.
    var definitions: [ObjectName: DocumentPosition] = [:]

    public init(configuration: GatewayConfiguration?, problems: [ConfigurationProblem] = [], notices: [String] = []) {
        self.configuration = problems.isEmpty ? configuration : nil
        self.problems = problems
        self.notices = notices
    }

    /// Something that only shows after the file was read, at the place of the value at `path`, such as `limits.table_slots`; where
    /// the file does not say it, at that of what it would be a part of.
    public func problem(at path: String, _ message: String) -> ConfigurationProblem {
        var known = Substring(path)
        while self.positions[String(known)] == nil, let dot = known.lastIndex(of: ".") { known = known[..<dot] }
        let position = self.positions[String(known)]
        return ConfigurationProblem(
            file: self.file, line: position?.line ?? 0, column: position?.column ?? 0, path: path, message: message)
    }

    /// Where a provider, an alias or a price of this configuration is named: file and line, `environment` for a provider of the
    /// environment; nil where there is none of the name.
    public func place(of name: ObjectName) -> (file: String, line: Int?)? {
        if let position = self.definitions[name] { return (self.file, position.line) }
        guard name.kind == .provider,
            self.configuration?.providers.contains(where: { $0.settings.name.utf8.elementsEqual(name.text.utf8) })
                == true
        else { return nil }
        return ("environment", nil)
    }

    /// Each provider, alias and price of this configuration.
    public var objects: [(name: ObjectName, object: ConfiguredObject)] {
        guard let configuration else { return [] }
        return configuration.providers.map { (ObjectName(.provider, $0.settings.name), .provider($0)) }
            + configuration.models.map { (ObjectName(.alias, $0.name), .alias($0)) }
            + configuration.pricing.map { (ObjectName(.price, "\($0.provider):\($0.model ?? "*")"), .price($0)) }
    }
}
