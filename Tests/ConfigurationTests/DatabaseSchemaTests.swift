import Configuration
import Domain
import Testing

@Suite struct DatabaseSchemaTests {
    private func settings(_ text: String, _ environment: [String: String] = [:]) throws -> DatabaseSettings {
        let result = Document(text: text, environment: environment).result
        #expect(result.problems.isEmpty, "\(result.problems)")
        return try #require(result.configuration).database
    }

    private static let address = PostgresAddress(
        host: "db", database: "sluice", user: "me", password: Secret(Array("hunter2".utf8)))
    private static let url = "postgres://me:hunter2@db/sluice"

    @Test(arguments: [
        "", "database:", "database: null", "database: sqlite", "database: {}", "database: {control: sqlite}",
    ])
    func theFilesAreTheDefault(_ text: String) throws {
        #expect(try self.settings(text) == DatabaseSettings())
    }

    @Test func aServerIsForBothOrForEach() throws {
        #expect(
            try self.settings("database: \(Self.url)") == DatabaseSettings(control: Self.address, usage: Self.address))
        #expect(
            try self.settings("database: {control: \(Self.url), usage: sqlite}")
                == DatabaseSettings(control: Self.address))
        #expect(try self.settings("database: {usage: \(Self.url)}") == DatabaseSettings(usage: Self.address))
    }

    @Test func theEnvironmentCountsWhereTheFileSaysNothing() throws {
        let environment = ["DATABASE_URL": Self.url]
        let both = DatabaseSettings(control: Self.address, usage: Self.address)
        #expect(try self.settings("", environment) == both)
        #expect(try self.settings("database: sqlite", environment) == DatabaseSettings())
        #expect(try self.settings("database: {}", environment) == DatabaseSettings())
        let alone = ConfigurationLoader.fromEnvironment(environment: environment)
        #expect(alone.configuration?.database == both)
        #expect(alone.notices.contains("the database of DATABASE_URL in the environment is used: db:5432/sluice"))
        let foreign = ConfigurationLoader.fromEnvironment(environment: ["DATABASE_URL": "mysql://u:hunter2@h/d"])
        #expect(foreign.problems.isEmpty && foreign.configuration?.database == DatabaseSettings())
        #expect(foreign.notices.contains("DATABASE_URL is in the environment but is not PostgreSQL's: it is not used"))
        let broken = ConfigurationLoader.fromEnvironment(environment: ["DATABASE_URL": "postgres://u:hunter2@h"])
        #expect(broken.problems.map(\.description) == ["environment: DATABASE_URL: it names no database (…/database)"])
        let inFile = Document(text: "", environment: ["DATABASE_URL": "postgres://u:hunter2@h"]).result
        #expect(inFile.problems.map(\.description) == ["environment: DATABASE_URL: it names no database (…/database)"])
    }

    @Test(arguments: [
        BadCase("database: mysql", "1:11: database: expected sqlite or postgresql://"),
        BadCase("database: true", "1:11: database: expected sqlite or postgresql://"),
        BadCase("database: [x]", "1:11: database: expected"),
        BadCase(
            "database: postgres://u:hunter2@h",
            "1:11: database: expected sqlite or postgresql://user:password@host:port/database: it names no database"),
        BadCase("database: {control: hunter2}", "1:21: database.control: expected sqlite or postgresql://"),
        BadCase("database: {contrl: sqlite}", "1:12: database.contrl: unknown key; did you mean control?"),
    ]) func everythingElseIsRefusedWithoutTheValue(_ bad: BadCase) {
        bad.check()
        let problems = Document(text: bad.text).problems
        #expect(!problems.joined().contains("hunter2"))
    }

    @Test func theRenderingHidesPasswords() throws {
        for text in [
            "database: postgres://me:hunter2@db:1/sluice?sslmode=require", "database: {usage: \(Self.url)}",
            "database: postgres://me@/sluice?host=/run/pg",
        ] {
            let result = Document(text: text, environment: [:]).result
            let configuration = try #require(result.configuration)
            let rendering = EffectiveConfiguration(configuration)
            #expect(!rendering.yaml.contains("hunter2") && !rendering.json.contains("hunter2"))
            var expected = configuration.database
            if expected.control?.password != nil { expected.control?.password = Secret(Array("***".utf8)) }
            if expected.usage?.password != nil { expected.usage?.password = Secret(Array("***".utf8)) }
            let again = Document(text: rendering.yaml, environment: ["DATABASE_URL": "postgres://x@y/z"]).result
            #expect(again.configuration?.database == expected, "\(again.problems) \(rendering.yaml)")
        }
        #expect(EffectiveConfiguration(GatewayConfiguration()).yaml.contains("database: sqlite\n"))
    }
}
