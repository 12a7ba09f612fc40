import Administration
import ArgumentParser
import JSON

/// `sluice prices`: what models cost, where the catalogue does not know or is wrong.
struct PricesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prices",
        abstract: "Add, list, show, change and delete prices, in USD per million tokens.",
        discussion: """
            Examples:
              sluice prices create --target local:smollm2 --input 0 --output 0
              sluice prices create --target 'local:*' --input 0.1 --output 0.2
              sluice prices update local:smollm2 --output 0.05
              sluice prices list

            \(CommandText.objects)
            """,
        subcommands: [Create.self, List.self, ShowCommand<Choice>.self, Update.self, DeleteCommand<Choice>.self])

    /// The classes that have an option; others go into --body.
    struct Members: ParsableArguments {
        @Option(help: ArgumentHelp("Of a million input tokens.", valueName: "usd"))
        var input: String?
        @Option(help: ArgumentHelp("Of a million output tokens.", valueName: "usd"))
        var output: String?
        @Option(help: ArgumentHelp("Of a million tokens read from a cache.", valueName: "usd"))
        var cacheRead: String?
        @Option(help: ArgumentHelp("Of a million tokens written to a cache.", valueName: "usd"))
        var cacheWrite: String?
        @OptionGroup var body: BodyOption

        func members(beside others: [JSONValue.Member] = []) throws -> [JSONValue.Member] {
            try self.body.members(
                beside: others
                    + CommandText.members([
                        ("input", self.input), ("output", self.output), ("cache_read", self.cacheRead),
                        ("cache_write", self.cacheWrite),
                    ]))
        }
    }

    /// Which one is meant.
    struct Choice: DeletableSubject {
        static let shown = "Show a price."
        static let deleted = "Take a price away that the API has made."

        @Argument(help: ArgumentHelp("Whose it is.", valueName: "provider:model"))
        var target: String

        func path(_ option: ConfigurationOption) throws -> [String] {
            try ObjectCommand.path(option, "prices", self.target)
        }
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a price.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: ArgumentHelp("Whose it is; provider:* for all that have no other.", valueName: "provider:model"))
        var target: String
        @OptionGroup var members: Members
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let members = try self.members.members(beside: [JSONValue.Member("target", self.target)])
            try CommandText.create(
                self.option, try ObjectCommand.path(self.option, "prices"), members, json: self.json)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List prices of file and API.")

        @OptionGroup var option: ConfigurationOption
        @Flag(help: "Print one JSON object a line.")
        var json = false

        func run() throws {
            AdministrationOutput.write(
                try AdministrationOutput.all(of: self.option, try ObjectCommand.path(self.option, "prices")),
                json: self.json,
                head: ["TARGET", "INPUT", "OUTPUT", "CACHE READ", "CACHE WRITE", "SOURCE", "STATE"]
            ) { price in
                let text = AdministrationOutput.text
                return [
                    text(price["target"]), text(price["input"]), text(price["output"]), text(price["cache_read"]),
                    text(price["cache_write"]), ObjectCommand.source(price), ObjectCommand.state(price),
                ]
            }
        }
    }

    struct Update: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change a price that the API has made.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var choice: Choice
        @OptionGroup var members: Members
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let members = try self.members.members()
            try CommandText.update(
                self.option, try self.choice.path(self.option), members, json: self.json)
        }
    }
}
