import ArgumentParser
import Domain

/// The command line of the gateway.
struct SluiceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "A gateway to language models for OpenAI's and Anthropic's clients.",
        discussion: """
            Clients speak OpenAI's or Anthropic's HTTP API to it; it authenticates them, chooses the provider, and \
            passes the answer on in the client's words.

            Without a configuration file, or with one that names no providers, it takes them from the environment \
            (OPENAI_API_KEY, ANTHROPIC_API_KEY, GROQ_API_KEY, MISTRAL_API_KEY, OPENROUTER_API_KEY, \
            AZURE_OPENAI_API_KEY with AZURE_OPENAI_ENDPOINT, LITELLM_BASE_URL with LITELLM_API_KEY); with none of them \
            a built-in simulated provider answers.
            """,
        version: "sluice \(SluiceVersion.current)",
        subcommands: [
            ServeCommand.self, CheckCommand.self, StatusCommand.self, ReloadCommand.self, UpgradeCommand.self,
            StopCommand.self, DemoCommand.self, OrganizationsCommand.self, ProjectsCommand.self, KeysCommand.self,
            TokensCommand.self, LimitsCommand.self, ProvidersCommand.self, ModelsCommand.self, PricesCommand.self,
            CatalogueCommand.self, UsageCommand.self, ReconcileCommand.self, RequestsCommand.self, ExplainCommand.self,
            EventsCommand.self, TopCommand.self, QuarantineCommand.self, AuditCommand.self,
            RotateMasterKeyCommand.self, ImportCommand.self,
        ])
}
