import Administration
import ArgumentParser
import JSON

/// `sluice providers`: where models are called.
struct ProvidersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "providers",
        abstract: "Add, list, show, change, test and delete providers.",
        discussion: """
            Examples:
              sluice providers create --name groq --dialect groq --key-from-env GROQ_API_KEY
              sluice providers create --name eu --dialect azure --body '{"resource": "my-resource"}' --key-file key.txt
              sluice providers test groq
              sluice providers update groq --body '{"concurrency": 20, "timeouts": {"total": "2m"}}'
              sluice providers list

            \(CommandText.objects)
            """,
        subcommands: [
            Create.self, List.self, ShowCommand<Choice>.self, Update.self, DeleteCommand<Choice>.self, Test.self,
        ])

    /// Which one is meant.
    struct Choice: DeletableSubject {
        static let shown = "Show a provider; its keys are masked."
        static let deleted = "Take a provider away that the API has made."

        @Argument(help: "Its name.")
        var name: String

        func path(_ option: ConfigurationOption) throws -> [String] {
            try ObjectCommand.path(option, "providers", self.name)
        }
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a provider.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: "Its name, in front of the colon of provider:model.")
        var name: String
        @Option(help: "How it is spoken to: openai, azure, anthropic, groq and so on.")
        var dialect: String
        @Option(help: "Where it is, where the dialect does not know: https, and on the public Internet.")
        var baseURL: String?
        @OptionGroup var secret: SecretOption
        @OptionGroup var body: BodyOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let named = CommandText.members([
                ("name", self.name), ("dialect", self.dialect), ("base_url", self.baseURL),
            ])
            let members = try self.body.members(beside: named + self.secret.members())
            try CommandText.create(
                self.option, try ObjectCommand.path(self.option, "providers"), members, json: self.json)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List providers of file, environment and API.")

        @OptionGroup var option: ConfigurationOption
        @Flag(help: "Print one JSON object a line.")
        var json = false

        func run() throws {
            let cell = AdministrationOutput.cell
            AdministrationOutput.write(
                try AdministrationOutput.all(of: self.option, try ObjectCommand.path(self.option, "providers")),
                json: self.json,
                head: ["NAME", "DIALECT", "BASE URL", "KEYS", "SOURCE", "STATE"]
            ) { provider in
                let keys =
                    provider["keys"]?.array.map { "\($0.count)" } ?? (provider["api_key"]?.string == nil ? "-" : "1")
                return [
                    cell(provider["name"]), cell(provider["dialect"]), cell(provider["base_url"]), keys,
                    ObjectCommand.source(provider), ObjectCommand.state(provider),
                ]
            }
        }
    }

    struct Update: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a provider that the API has made; null takes a member away.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var choice: Choice
        @Option(help: "Where it is; another host needs the key again.")
        var baseURL: String?
        @OptionGroup var secret: SecretOption
        @OptionGroup var body: BodyOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let members = try self.body.members(
                beside: CommandText.members([("base_url", self.baseURL)]) + self.secret.members())
            try CommandText.update(
                self.option, try self.choice.path(self.option), members, json: self.json)
        }
    }

    struct Test: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask a provider for its models, to see whether it answers.",
            discussion: "Exit status 0 where it answers, 1 where it does not.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var choice: Choice
        @Option(help: "Which of its keys; else the first.")
        var key: String?
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let answer = try AdministrationOutput.body(
                of: self.option, .post, try self.choice.path(self.option) + ["test"],
                CommandText.members([("key", self.key)]))
            AdministrationOutput.write(answer, json: self.json)
            if case .bool(false)? = answer.value["ok"] { throw ExitCode(1) }
        }
    }
}
