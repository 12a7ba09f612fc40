import Administration
import ArgumentParser
import Domain
import JSON

/// `sluice keys`: the keys that clients call the gateway with.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make, list, change and revoke client keys.",
        discussion: """
            A running gateway is asked over its socket; while it is stopped the same is done to its files directly. A change \
            is in force in every worker when the command returns.

            Exit status: 0 done, 1 refused, 2 wrong usage, 69 a gateway runs but does not answer (or could not store the \
            change), 70 to 79 files or configuration that cannot be used.
            """,
        subcommands: [Create.self, List.self, Revoke.self, Update.self])

    /// The limits, as `create` and `update` take them.
    struct Limits: ParsableArguments {
        @Option(help: ArgumentHelp("Requests a minute.", valueName: "n"))
        var requestsPerMinute: String?
        @Option(help: ArgumentHelp("Tokens a minute.", valueName: "n"))
        var tokensPerMinute: String?
        @Option(help: ArgumentHelp("Requests at the same time.", valueName: "n"))
        var concurrency: String?
        @Option(help: ArgumentHelp("Cost a month in US dollars, such as 12.50.", valueName: "usd"))
        var monthlyCost: String?
        @Option(help: ArgumentHelp("Tokens a month.", valueName: "n"))
        var monthlyTokens: String?
        @Option(
            help: ArgumentHelp(
                "When the key stops to be good: a time (2027-01-31T12:00:00Z), a day (2027-01-31) or a time from now (30d, 12h).",
                valueName: "when"))
        var expires: String?

        /// The members of a request; `none` takes a limit away, where that is allowed.
        func members(allowingNone: Bool) throws -> [JSONValue.Member] {
            var members: [JSONValue.Member] = []
            func add(_ name: String, _ text: String?, _ convert: (String) -> JSONValue?, _ what: String) throws {
                guard let text else { return }
                if allowingNone, text.utf8.elementsEqual("none".utf8) {
                    return members.append(Self.member(name, .null))
                }
                guard let value = convert(text) else { throw ValidationError("--\(what), not '\(text)'") }
                members.append(Self.member(name, value))
            }
            func count(_ text: String) -> JSONValue? {
                guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
                return Int64(text).map { .integer($0) }
            }
            let number = "needs a whole number"
            try add("requests_per_minute", self.requestsPerMinute, count, "requests-per-minute \(number)")
            try add("tokens_per_minute", self.tokensPerMinute, count, "tokens-per-minute \(number)")
            try add("concurrency", self.concurrency, count, "concurrency \(number)")
            try add("monthly_tokens", self.monthlyTokens, count, "monthly-tokens \(number)")
            try add(
                "monthly_cost_usd", self.monthlyCost,
                { text in MoneyText.nanoDollars(text).map { .string(Array(MoneyText.text(nanoDollars: $0).utf8)) } },
                "monthly-cost needs US dollars with at most 9 decimals")
            try add(
                "expires", self.expires, { text in ExpiryText.resolve(text).map { .string(Array($0.utf8)) } },
                "expires needs a time, a day or a time from now such as 30d or 12h")
            return members
        }

        static func member(_ name: String, _ value: JSONValue) -> JSONValue.Member {
            JSONValue.Member(key: Array(name.utf8), value: value)
        }
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key and print it, the only time it is shown.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: "The key's name, once in its project.")
        var name: String
        @Option(help: "The name of the project it belongs to.")
        var project = "default"
        @OptionGroup var limits: Limits
        @Flag(help: "Print JSON: key, id, name, project, limits.")
        var json = false

        func run() throws {
            let members = try self.limits.members(allowingNone: false)
            let (text, value) = try AdministrationOutput.body(
                of: self.option, .post, ["keys"],
                [
                    Limits.member("name", .string(Array(self.name.utf8))),
                    Limits.member("project", .string(Array(self.project.utf8))),
                ] + members)
            guard !self.json else { return AdministrationOutput.write(json: text) }
            let cell = AdministrationOutput.cell
            StandardStream.output.write(
                """
                Key      \(cell(value["key"]))
                         (shown this once: keep it now)
                ID       \(cell(value["id"]))
                Name     \(cell(value["name"]))
                Project  \(cell(value["project"]))

                """)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List keys, revoked ones too; never the keys themselves.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: "Only keys of this project.")
        var project: String?
        @Flag(help: "Print one JSON object a line.")
        var json = false

        func run() throws {
            var rows: [[String]] = []
            var after: JSONValue?
            repeat {
                var body: [JSONValue.Member] = []
                if let project { body.append(Limits.member("project", .string(Array(project.utf8)))) }
                if let after { body.append(Limits.member("after", after)) }
                let (_, value) = try AdministrationOutput.body(of: self.option, .get, ["keys"], body)
                for key in value["data"]?.array ?? [] {
                    if self.json {
                        var writer = JSONWriter()
                        writer.value(key)
                        AdministrationOutput.write(json: writer.bytes)
                    } else {
                        rows.append(Self.row(key))
                    }
                }
                after = value["next"]?.string.map { .string($0) }
            } while after != nil
            guard !self.json else { return }
            AdministrationOutput.write(
                table: rows,
                head: [
                    "ID", "NAME", "PROJECT", "PREFIX", "REQ/MIN", "TOK/MIN", "CONC", "USD/MONTH", "TOK/MONTH", "STATE",
                ])
        }

        private static func row(_ key: JSONValue) -> [String] {
            let cell = AdministrationOutput.cell
            let state =
                if key["revoked"]?.string != nil {
                    "revoked \(cell(key["revoked"]))"
                } else if key["expires"]?.string != nil {
                    "expires \(cell(key["expires"]))"
                } else {
                    "good"
                }
            return [
                cell(key["id"]), cell(key["name"]), cell(key["project"]), cell(key["prefix"]),
                cell(key["requests_per_minute"]), cell(key["tokens_per_minute"]), cell(key["concurrency"]),
                cell(key["monthly_cost_usd"]), cell(key["monthly_tokens"]), state,
            ]
        }
    }

    /// Which key is meant.
    struct KeyChoice: ParsableArguments {
        @Argument(help: ArgumentHelp("The key's id (key_…) or its name.", valueName: "key"))
        var key: String
        @Option(help: "The project of a key given by its name.")
        var project = "default"

        /// The id; a name is looked up among keys that are not revoked.
        func id(_ option: ConfigurationOption) throws -> String {
            if self.key.hasPrefix("key_") { return self.key }
            let (_, value) = try AdministrationOutput.body(
                of: option, .get, ["keys"],
                [
                    Limits.member("project", .string(Array(self.project.utf8))),
                    Limits.member("name", .string(Array(self.key.utf8))),
                ])
            let good = (value["data"]?.array ?? []).first { $0["revoked"]?.string == nil }
            guard let id = good.flatMap({ $0["id"]?.string }) else {
                StandardStream.error.write("sluice: there is no key named \(self.key) in project \(self.project)\n")
                throw ExitCode(1)
            }
            return String(decoding: id, as: UTF8.self)
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a key for good: the next request with it is refused.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var choice: KeyChoice
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let id = try self.choice.id(self.option)
            let (text, value) = try AdministrationOutput.body(of: self.option, .delete, ["keys", id])
            guard !self.json else { return AdministrationOutput.write(json: text) }
            let cell = AdministrationOutput.cell
            StandardStream.output.write("revoked \(cell(value["id"])) (\(cell(value["name"])))\n")
        }
    }

    struct Update: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a key's name, limits or expiry; `none` takes a limit away.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var choice: KeyChoice
        @Option(help: "A new name.")
        var name: String?
        @OptionGroup var limits: Limits
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            var members = try self.limits.members(allowingNone: true)
            if let name { members.append(Limits.member("name", .string(Array(name.utf8)))) }
            guard !members.isEmpty else { throw ValidationError("there is nothing to change") }
            let id = try self.choice.id(self.option)
            let (text, value) = try AdministrationOutput.body(of: self.option, .patch, ["keys", id], members)
            guard !self.json else { return AdministrationOutput.write(json: text) }
            let cell = AdministrationOutput.cell
            StandardStream.output.write("changed \(cell(value["id"])) (\(cell(value["name"])))\n")
        }
    }
}
