import Administration
import ArgumentParser
import JSON

/// `sluice keys`: the keys that clients call the gateway with.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make, list, change and revoke client keys.",
        discussion: """
            Examples:
              sluice keys create --name app --project web --requests-per-minute 100 --expires 90d
              sluice keys list --project web
              sluice keys regenerate app --project web --overlap 24h
              sluice keys update app --project web --disabled true
              sluice keys revoke key_…

            \(CommandText.administration)
            """,
        subcommands: [Create.self, List.self, ShowCommand<KeyChoice>.self, Regenerate.self, Revoke.self, Update.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key and print it, the only time it is shown.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: "The key's name, once in its project.")
        var name: String
        @Option(help: "The name of the project it belongs to.")
        var project = "default"
        @OptionGroup var models: ModelsOption
        @OptionGroup(title: "Limits") var limits: LimitOptions
        @OptionGroup var expiry: ExpiryOption
        @Option(help: "A tag to find it by; may be repeated.")
        var tag: [String] = []
        @OptionGroup var body: BodyOption
        @Flag(help: "Print JSON: key, id, name, project, limits, models.")
        var json = false

        func run() throws {
            var given = try self.limits.members() + self.expiry.members() + self.models.members()
            if !self.tag.isEmpty {
                given.append(JSONValue.Member("tags", .array(self.tag.map { .string(Array($0.utf8)) })))
            }
            let members = try self.body.members(beside: given)
            let (text, value) = try AdministrationOutput.body(
                of: self.option, .post, ["keys"],
                [
                    JSONValue.Member("name", .string(Array(self.name.utf8))),
                    JSONValue.Member("project", .string(Array(self.project.utf8))),
                ] + members)
            KeysCommand.write(text, value, json: self.json)
        }
    }

    /// Prints a key, the only time.
    private static func write(_ text: [UInt8], _ value: JSONValue, json: Bool) {
        guard !json else { return AdministrationOutput.write(json: text) }
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

    struct Regenerate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a key another secret and print it, the only time it is shown.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var choice: KeyChoice
        @Option(
            help: ArgumentHelp(
                "How long the former secret stays good: 90m, 24h, 30d at the most; not at all where it is left out.",
                valueName: "time"))
        var overlap: String?
        @Flag(help: "Print JSON.")
        var json = false

        mutating func validate() throws { _ = try self.members() }

        func run() throws {
            let path = try self.choice.path(self.option) + ["regenerate"]
            let (text, value) = try AdministrationOutput.body(of: self.option, .post, path, try self.members())
            KeysCommand.write(text, value, json: self.json)
        }

        private func members() throws -> [JSONValue.Member] {
            guard let overlap else { return [] }
            let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
            guard let unit = overlap.last.flatMap({ units[$0] }), overlap.count <= 8,
                let count = Int64(overlap.dropLast()), (0...30 * 86_400).contains(count * unit)
            else { throw ValidationError("--overlap needs a time such as 90m, 24h or 7d, of at most 30d") }
            return [JSONValue.Member("overlap_seconds", .integer(count * unit))]
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List keys, revoked ones too; never the keys themselves.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: "Only keys of this project.")
        var project: String?
        @Option(help: "Only keys with this tag.")
        var tag: String?
        @Flag(help: "Print one JSON object a line.")
        var json = false

        func run() throws {
            var rows: [[String]] = []
            var after: JSONValue?
            repeat {
                var body: [JSONValue.Member] = []
                body += CommandText.members([("project", self.project), ("tag", self.tag)])
                if let after { body.append(JSONValue.Member("after", after)) }
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
                    "ID", "NAME", "PROJECT", "PREFIX", "LIMITS", "MODELS", "STATE",
                ])
        }

        private static func row(_ key: JSONValue) -> [String] {
            let cell = AdministrationOutput.cell
            let state =
                if key["revoked"]?.string != nil {
                    "revoked \(cell(key["revoked"]))"
                } else if case .bool(true)? = key["disabled"] {
                    "disabled"
                } else if key["expires"]?.string != nil {
                    "expires \(cell(key["expires"]))"
                } else {
                    "good"
                }
            return [
                cell(key["id"]), cell(key["name"]), cell(key["project"]), cell(key["prefix"]),
                LimitOptions.summary(of: key), ModelsOption.summary(of: key), state,
            ]
        }
    }

    /// Which key is meant.
    struct KeyChoice: CommandSubject {
        static let shown = "Show a key; never the key itself."

        @Argument(help: ArgumentHelp("The key's id (key_…) or its name.", valueName: "key"))
        var key: String
        @Option(help: "The project of a key given by its name.")
        var project = "default"

        /// A name is looked up among keys that are not revoked.
        func path(_ option: ConfigurationOption) throws -> [String] {
            if self.key.hasPrefix("key_") { return ["keys", self.key] }
            let (_, value) = try AdministrationOutput.body(
                of: option, .get, ["keys"],
                [
                    JSONValue.Member("project", .string(Array(self.project.utf8))),
                    JSONValue.Member("name", .string(Array(self.key.utf8))),
                ])
            let good = (value["data"]?.array ?? []).first { $0["revoked"]?.string == nil }
            guard let id = good.flatMap({ $0["id"]?.string }) else {
                StandardStream.error.write("sluice: there is no key named \(self.key) in project \(self.project)\n")
                throw ExitCode(1)
            }
            return ["keys", String(decoding: id, as: UTF8.self)]
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
            let path = try self.choice.path(self.option)
            CommandText.done("revoked", try AdministrationOutput.body(of: self.option, .delete, path), json: self.json)
        }
    }

    struct Update: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a key's name, models, limits or expiry; `none` takes a limit or an expiry away.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var choice: KeyChoice
        @Option(help: "A new name.")
        var name: String?
        @OptionGroup var models: ModelsOption
        @OptionGroup(title: "Limits") var limits: LimitOptions
        @OptionGroup var expiry: ExpiryOption
        @Option(help: ArgumentHelp("Whether it is refused until it is enabled again.", valueName: "true or false"))
        var disabled: Bool?
        @OptionGroup var body: BodyOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            var given = try self.limits.members() + self.expiry.members() + self.models.members()
            given += CommandText.members([("name", self.name)])
            if let disabled { given.append(JSONValue.Member("disabled", .bool(disabled))) }
            let members = try self.body.members(beside: given)
            try CommandText.update(self.option, try self.choice.path(self.option), members, json: self.json)
        }
    }
}
