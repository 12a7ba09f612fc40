import ArgumentParser
import Domain

/// The command line of the gateway.
struct SluiceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "An OpenAI-compatible gateway to language models.",
        discussion: """
            Clients speak OpenAI's HTTP API to it; it authenticates them, chooses the provider and passes the answer on.

            Without a configuration file, or with one that names no providers, it takes them from the environment \
            (OPENAI_API_KEY, GROQ_API_KEY, OPENROUTER_API_KEY, MISTRAL_API_KEY, LITELLM_BASE_URL with LITELLM_API_KEY); \
            with none of them a built-in simulated provider answers.
            """,
        version: "sluice \(SluiceVersion.current)",
        subcommands: [
            ServeCommand.self, CheckCommand.self, StatusCommand.self, ReloadCommand.self, UpgradeCommand.self,
            StopCommand.self, KeysCommand.self, ProjectsCommand.self, LimitsCommand.self,
            UsageCommand.self,
            RequestsCommand.self, ExplainCommand.self, QuarantineCommand.self,
        ])
}
