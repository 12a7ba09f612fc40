import Administration
import ArgumentParser
import JSON

/// `sluice models`: aliases, which clients ask for, and where they lead.
struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Add, list, show, change and delete model aliases.",
        discussion: """
            Examples:
              sluice models create --name fast --target groq:llama-3.1-8b-instant --target openai:gpt-4o-mini
              sluice models create --name smart --target openai:gpt-4o=3 --target anthropic:claude-sonnet-4-5=1 --strategy weighted
              sluice models update fast --body '{"hedge_after": "p95"}'
              sluice models list

            \(CommandText.objects)
            """,
        subcommands: [Create.self, List.self, ShowCommand<Choice>.self, Update.self, DeleteCommand<Choice>.self])

    /// What an alias is made of.
    struct Members: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "A target, perhaps with its weight; may be repeated, in the order of failover.",
                valueName: "provider:model[=weight]"))
        var target: [String] = []
        @Option(help: "Which target comes first: ordered, weighted, least_latency, least_cost or least_busy.")
        var strategy: String?
        @Option(help: ArgumentHelp("Further attempts after the first.", valueName: "n"))
        var retries: Int?
        @OptionGroup var body: BodyOption

        func members(beside others: [JSONValue.Member] = []) throws -> [JSONValue.Member] {
            var members = others + CommandText.members([("strategy", self.strategy)])
            if !self.target.isEmpty {
                members.append(JSONValue.Member("targets", .array(try self.target.map { try Self.target($0) })))
            }
            if let retries { members.append(JSONValue.Member("retries", .integer(Int64(retries)))) }
            return try self.body.members(beside: members)
        }

        private static func target(_ text: String) throws -> JSONValue {
            let bytes = Array(text.utf8)
            guard let equals = bytes.lastIndex(of: UInt8(ascii: "=")) else { return .string(bytes) }
            guard let weight = Int64(String(decoding: bytes[(equals + 1)...], as: UTF8.self)), weight > 0 else {
                throw ValidationError("--target needs provider:model or provider:model=WEIGHT, not '\(text)'")
            }
            return .object([
                JSONValue.Member("target", .string(Array(bytes[..<equals]))),
                JSONValue.Member("weight", .integer(weight)),
            ])
        }
    }

    /// Which one is meant.
    struct Choice: DeletableSubject {
        static let shown = "Show an alias."
        static let deleted = "Take an alias away that the API has made."

        @Argument(help: "Its name.")
        var name: String

        func path(_ option: ConfigurationOption) throws -> [String] {
            try ObjectCommand.path(option, "models", self.name)
        }
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add an alias.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: "What clients ask for; one * stands for any text.")
        var name: String
        @OptionGroup var members: Members
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let members = try self.members.members(beside: [JSONValue.Member("name", self.name)])
            try CommandText.create(
                self.option, try ObjectCommand.path(self.option, "models"), members, json: self.json)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List aliases of file and API.")

        @OptionGroup var option: ConfigurationOption
        @Flag(help: "Print one JSON object a line.")
        var json = false

        func run() throws {
            let cell = AdministrationOutput.cell
            AdministrationOutput.write(
                try AdministrationOutput.all(of: self.option, try ObjectCommand.path(self.option, "models")),
                json: self.json,
                head: ["NAME", "TARGETS", "STRATEGY", "SOURCE", "STATE"]
            ) { alias in
                let targets = (alias["targets"]?.array ?? []).map { target in
                    guard target["target"] != nil else { return cell(target) }
                    let weight = cell(target["weight"])
                    return cell(target["target"]) + (weight == "-" || weight == "1" ? "" : "=\(weight)")
                }
                return [
                    cell(alias["name"]), targets.isEmpty ? "by tier" : targets.joined(separator: " "),
                    cell(alias["strategy"]), ObjectCommand.source(alias),
                    ([ObjectCommand.state(alias)] + Self.endings(alias)).joined(separator: "; "),
                ]
            }
        }

        /// Targets that their providers end.
        private static func endings(_ alias: JSONValue) -> [String] {
            (alias["deprecations"]?.array ?? []).map { ending in
                let isOver = ending["is_over"] == .bool(true)
                return "\(AdministrationOutput.cell(ending["target"])) \(isOver ? "ended" : "ends") on "
                    + AdministrationOutput.cell(ending["date"])
            }
        }
    }

    struct Update: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change an alias that the API has made.")

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
