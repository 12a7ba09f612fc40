import Domain

/// Reads `database`: `sqlite`, the URL of a server, or one of these for `control` and for `usage`. Where it says nothing, the environment's
/// DATABASE_URL counts.
struct DatabaseSchema {
    static let variable = "DATABASE_URL"

    let problems: ProblemSink
    let environment: [String: String]

    func read(_ reader: inout MappingReader) -> DatabaseSettings {
        guard let entry = reader.entry("database") else {
            guard reader.lacks("database") else { return DatabaseSettings() }
            let found = Self.environment(self.environment)
            self.problems.add(problems: found.problems, notices: found.notices)
            return found.settings
        }
        guard case .mapping = entry.value.content else {
            let address = self.problems.value(of: entry.value, secret: true, Self.address) ?? nil
            return DatabaseSettings(control: address, usage: address)
        }
        var own = MappingReader(entry.value, problems: self.problems)
        let settings = DatabaseSettings(
            control: own.value("control", secret: true, Self.address) ?? nil,
            usage: own.value("usage", secret: true, Self.address) ?? nil)
        own.finish()
        return settings
    }

    /// Nil for `sqlite`.
    private static func address(_ scalar: DocumentScalar) throws(ValueError) -> PostgresAddress? {
        if scalar.text.utf8.elementsEqual("sqlite".utf8) { return nil }
        do throws(PostgresAddress.Malformed) {
            return try PostgresAddress(url: Array(scalar.text.utf8))
        } catch {
            throw ValueError("expected sqlite or postgresql://user:password@host:port/database: \(error)")
        }
    }

    /// What the environment says of a database, where the file says nothing. A URL of another product is somebody else's.
    static func environment(
        _ environment: [String: String]
    ) -> (settings: DatabaseSettings, problems: [ConfigurationProblem], notices: [String]) {
        guard let text = environment[Self.variable], !text.utf8.isEmpty else { return (DatabaseSettings(), [], []) }
        let bytes = Array(text.utf8)
        guard bytes.starts(with: "postgres://".utf8) || bytes.starts(with: "postgresql://".utf8) else {
            return (
                DatabaseSettings(), [],
                ["\(Self.variable) is in the environment but is not PostgreSQL's: it is not used"]
            )
        }
        do throws(PostgresAddress.Malformed) {
            let address = try PostgresAddress(url: bytes)
            return (
                DatabaseSettings(control: address, usage: address), [],
                ["the database of \(Self.variable) in the environment is used: \(address)"]
            )
        } catch {
            let problem = ConfigurationProblem(
                file: "environment", line: 0, column: 0, path: Self.variable, message: "\(error)")
            return (DatabaseSettings(), [problem], [])
        }
    }
}
