import Administration
import ArgumentParser
import JSON

/// `sluice catalogue`: prices and bounds of models from a file or a URL.
struct CatalogueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalogue",
        abstract: "Show the catalogue of prices, what a newer one would change, and apply it.",
        discussion: """
            The configuration says where catalogues come from (catalogue.file or catalogue.url), in the format of LiteLLM's \
            model_prices_and_context_window.json. What was read waits until it is applied.

            Examples:
              sluice catalogue
              sluice catalogue diff
              sluice catalogue diff --all --only 'azure/*'
              sluice catalogue apply
              sluice catalogue apply --only 'openai:gpt-5*' --yes
              sluice catalogue models --search sonnet

            A gateway has to run: it is asked over its socket. What is applied is in force in every worker when the command \
            returns. What the configuration and `sluice prices` say of a model counts before the catalogue.

            Exit status: 0 done, 1 refused, 2 wrong usage, 69 no gateway answers, 70 to 79 files or configuration that cannot \
            be used.
            """,
        subcommands: [Show.self, Diff.self, Apply.self, Models.self], defaultSubcommand: Show.self)

    /// Which models are meant.
    struct Selection: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Only models by this name: as the catalogue has it, or behind whose they are; one * stands for any text.",
                valueName: "pattern"))
        var only: String?

        var members: [JSONValue.Member] { CommandText.members([("only", self.only)]) }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Which catalogue is in force, and which one waits.")

        @OptionGroup var option: ConfigurationOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let answer = try AdministrationOutput.body(
                of: self.option, .get, try ObjectCommand.path(self.option, "catalogue"))
            guard !self.json else { return AdministrationOutput.write(json: answer.text) }
            StandardStream.output.write(CatalogueView(answer.value).text)
        }
    }

    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What would change if what waits were applied.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var selection: Selection
        @Flag(help: "Also models that no configured provider has.")
        var all = false
        @Flag(help: "Print one JSON object a line, for each model.")
        var json = false

        func run() throws {
            let path = try ObjectCommand.path(self.option, "catalogue", "diff")
            var query = self.selection.members
            if !self.all { query.append(JSONValue.Member("configured", .bool(true))) }
            var after: JSONValue?
            var last = JSONValue.null
            repeat {
                let (_, page) = try AdministrationOutput.body(
                    of: self.option, .get, path, query + (after.map { [JSONValue.Member("after", $0)] } ?? []))
                for change in page["data"]?.array ?? [] { self.write(change) }
                after = page["next"]?.string.map { .string($0) }
                last = page
            } while after != nil
            guard !self.json else { return }
            StandardStream.output.write(CatalogueView.summary(last, isWhole: self.all) + "\n")
        }

        private func write(_ change: JSONValue) {
            guard self.json else { return StandardStream.output.write(CatalogueView.change(change)) }
            var writer = JSONWriter()
            writer.value(change)
            AdministrationOutput.write(json: writer.bytes)
        }
    }

    struct Apply: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Put what waits in force in all workers.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var selection: Selection
        @Flag(name: [.customShort("y"), .long], help: "Do not ask.")
        var yes = false
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let path = try ObjectCommand.path(self.option, "catalogue", "diff")
            let (_, difference) = try AdministrationOutput.body(
                of: self.option, .get, path, self.selection.members + [JSONValue.Member("limit", .integer(1))])
            if !self.yes { try self.ask(difference) }
            // Exactly what was looked at.
            let digest = difference["digest"].map { [JSONValue.Member("digest", $0)] } ?? []
            let answer = try AdministrationOutput.body(
                of: self.option, .post, ["catalogue", "apply"], self.selection.members + digest)
            guard !self.json else { return AdministrationOutput.write(json: answer.text) }
            let isInForce = answer.value["in_force"] == .bool(true)
            StandardStream.output.write(
                CatalogueView.counts(answer.value) + (isInForce ? "; " : "; stored, and not yet ")
                    + "in force are \(AdministrationOutput.cell(answer.value["models"])) models"
                    + (isInForce ? "\n" : " in all workers: `sluice status` says why\n"))
        }

        private func ask(_ difference: JSONValue) throws {
            guard StandardStream.isTerminal else {
                throw ValidationError(
                    "there is nobody to ask: `sluice catalogue diff` shows what would change, --yes applies it")
            }
            StandardStream.error.write(
                "\(CatalogueView.counts(difference)) (`sluice catalogue diff` shows them). Apply? [y/N] ")
            guard let line = readLine(), ["y", "yes"].contains(line.lowercased()) else {
                StandardStream.error.write("sluice: nothing was changed\n")
                throw ExitCode(1)
            }
        }
    }

    struct Models: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the models of the catalogue in force.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: "A part of the model's name.")
        var search: String?
        @Option(help: "Whose they are, in the catalogue's words, such as azure_ai.")
        var provider: String?
        @Flag(help: "Only models that configured providers have.")
        var configured = false
        @Flag(help: "Print one JSON object a line.")
        var json = false

        func run() throws {
            var query = CommandText.members([("search", self.search), ("provider", self.provider)])
            if self.configured { query.append(JSONValue.Member("configured", .bool(true))) }
            AdministrationOutput.write(
                try AdministrationOutput.all(
                    of: self.option, try ObjectCommand.path(self.option, "catalogue", "models"), query),
                json: self.json,
                head: ["MODEL", "PROVIDER", "MODE", "INPUT", "OUTPUT", "MAX INPUT", "MAX OUTPUT", "ENDS", "HERE"]
            ) { model in
                let cell = AdministrationOutput.cell
                let targets = AdministrationOutput.text(model["targets"])
                return [
                    cell(model["model"]), cell(model["provider"]), cell(model["mode"]),
                    CatalogueView.price(model, "input_cost_per_token"),
                    CatalogueView.price(model, "output_cost_per_token"),
                    cell(model["max_input_tokens"]), cell(model["max_output_tokens"]), cell(model["deprecation_date"]),
                    targets,
                ]
            }
        }
    }
}
