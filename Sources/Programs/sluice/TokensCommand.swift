import Administration
import ArgumentParser
import JSON

/// `sluice tokens`: what programs and people come to the administration's API with.
struct TokensCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens",
        abstract: "Make, list, show, change and revoke tokens of the administration.",
        discussion: """
            Examples:
              sluice tokens create --name ci --role member --org research --expires 90d
              sluice tokens list
              sluice tokens update tok_… --role viewer
              sluice tokens revoke tok_…

            \(CommandText.administration)
            """,
        subcommands: [Create.self, List.self, ShowCommand<Choice>.self, Update.self, Revoke.self])

    private static let roleHelp = ArgumentHelp(
        "viewer looks at everything but secrets; member also works with keys, admin with projects, limits and (without an "
            + "organization) the configuration, owner with tokens and the organization.", valueName: "role")

    enum Role: String, ExpressibleByArgument, CaseIterable {
        case viewer, member, admin, owner
    }

    /// Which one is meant.
    struct Choice: CommandSubject {
        static let shown = "Show what is known of a token."

        @Argument(help: ArgumentHelp("The token's id (tok_…) or its name.", valueName: "token"))
        var token: String

        func path(_ option: ConfigurationOption) throws -> [String] {
            guard !self.token.hasPrefix("tok_") else { return ["tokens", self.token] }
            // Names are looked for here: the API does not ask for them.
            let named = try AdministrationOutput.all(of: option, ["tokens"]).filter {
                ($0["name"]?.string ?? []).elementsEqual(self.token.utf8) && $0["revoked"]?.string == nil
            }
            guard named.count == 1, let id = named[0]["id"]?.string else {
                StandardStream.error.write(
                    named.isEmpty
                        ? "sluice: there is no token named \(self.token)\n"
                        : "sluice: \(named.count) tokens are named \(self.token): give the id (tok_…)\n")
                throw ExitCode(1)
            }
            return ["tokens", String(decoding: id, as: UTF8.self)]
        }
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token and print it, the only time it is shown.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: "What it is for.")
        var name: String
        @Option(help: TokensCommand.roleHelp)
        var role: Role
        @Option(help: "The organization (org_… or its name) that it is good for; all of them where it is left out.")
        var org: String?
        @OptionGroup var expiry: ExpiryOption
        @Flag(help: "Print JSON: token, id, name, role, organization.")
        var json = false

        func run() throws {
            let organization = try self.org.map { try OrganizationsCommand.id(of: $0, self.option) }
            let members =
                CommandText.members([("name", self.name), ("role", self.role.rawValue), ("organization", organization)])
                + (try self.expiry.members())
            let (text, value) = try AdministrationOutput.body(of: self.option, .post, ["tokens"], members)
            guard !self.json else { return AdministrationOutput.write(json: text) }
            let cell = AdministrationOutput.cell
            StandardStream.output.write(
                """
                Token         \(cell(value["token"]))
                              (shown this once: keep it now)
                ID            \(cell(value["id"]))
                Name          \(cell(value["name"]))
                Role          \(cell(value["role"]))
                Organization  \(organization == nil ? "all" : cell(value["organization"]))

                """)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List tokens, revoked ones too; never the tokens themselves.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: "Only those of this organization (org_… or its name).")
        var org: String?
        @Flag(help: "Print one JSON object a line.")
        var json = false

        func run() throws {
            let organization = try self.org.map { try OrganizationsCommand.id(of: $0, self.option) }
            let cell = AdministrationOutput.cell
            AdministrationOutput.write(
                try AdministrationOutput.all(of: self.option, ["tokens"], CommandText.members([("org", organization)])),
                json: self.json, head: ["ID", "NAME", "ROLE", "ORGANIZATION", "PREFIX", "STATE"]
            ) { token in
                let state =
                    token["revoked"]?.string != nil
                    ? "revoked \(cell(token["revoked"]))"
                    : token["expires"]?.string != nil ? "expires \(cell(token["expires"]))" : "good"
                return [
                    cell(token["id"]), cell(token["name"]), cell(token["role"]),
                    token["organization"]?.string == nil ? "all" : cell(token["organization"]), cell(token["prefix"]),
                    state,
                ]
            }
        }
    }

    struct Update: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change a token's name, role or expiry.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var choice: Choice
        @Option(help: "A new name.")
        var name: String?
        @Option(help: TokensCommand.roleHelp)
        var role: Role?
        @OptionGroup var expiry: ExpiryOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let members =
                CommandText.members([("name", self.name), ("role", self.role?.rawValue)]) + (try self.expiry.members())
            try CommandText.update(self.option, try self.choice.path(self.option), members, json: self.json)
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a token for good.", aliases: ["delete"])

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var choice: Choice
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let path = try self.choice.path(self.option)
            CommandText.done("revoked", try AdministrationOutput.body(of: self.option, .delete, path), json: self.json)
        }
    }
}
