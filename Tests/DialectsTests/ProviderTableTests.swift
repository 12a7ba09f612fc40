import Dialects
import Domain
import Foundation
import Testing

@Suite("ProviderTable")
struct ProviderTableTests {
    private func url(
        _ dialect: Dialect, _ endpoint: Endpoint, base: String? = nil, model: String = "m", version: String? = nil
    ) -> String? {
        ProviderTable.row(dialect).url(
            base: base ?? dialect.defaultBaseURL ?? "http://h/v1", endpoint: endpoint, model: Array(model.utf8),
            apiVersion: version)
    }

    @Test("Every dialect has a row of its own")
    func rows() {
        #expect(ProviderTable.rows.map(\.dialect) == Dialect.allCases)
        for dialect in Dialect.allCases { #expect(ProviderTable.row(dialect).dialect == dialect) }
        #expect(Set(ProviderTable.rows.map(\.title)).count == Dialect.allCases.count)
    }

    @Test("Chats of every kind reach every provider, at the provider's own path")
    func chats() {
        #expect(self.url(.openai, .chatCompletions) == "https://api.openai.com/v1/chat/completions")
        #expect(self.url(.groq, .messages) == "https://api.groq.com/openai/v1/chat/completions")
        #expect(self.url(.deepseek, .chatCompletions) == "https://api.deepseek.com/chat/completions")
        #expect(self.url(.perplexity, .chatCompletions) == "https://api.perplexity.ai/chat/completions")
        #expect(self.url(.openrouter, .messages) == "https://openrouter.ai/api/v1/chat/completions")
        #expect(self.url(.anthropic, .chatCompletions) == "https://api.anthropic.com/v1/messages")
        #expect(self.url(.anthropic, .completions) == "https://api.anthropic.com/v1/messages")
        #expect(self.url(.anthropic, .messages) == "https://api.anthropic.com/v1/messages")
        #expect(self.url(.anthropic, .countTokens) == "https://api.anthropic.com/v1/messages/count_tokens")
        for dialect in Dialect.allCases {
            for endpoint in [Endpoint.chatCompletions, .messages, .completions, .countTokens] {
                #expect(self.url(dialect, endpoint) != nil)
            }
        }
    }

    @Test("Old completions go to chats where a provider has no others")
    func completions() {
        #expect(self.url(.vllm, .completions) == "http://h/v1/completions")
        #expect(self.url(.groq, .completions) == "https://api.groq.com/openai/v1/chat/completions")
        let chatOnly = TranslationContext(endpoint: .completions, row: ProviderTable.row(.groq), provider: "p")
        #expect(chatOnly.passage == .translated)
        let own = TranslationContext(endpoint: .completions, row: ProviderTable.row(.vllm), provider: "p")
        #expect(own.passage == .openAI)
    }

    @Test("Endpoints a provider has not are nobody's")
    func missing() {
        #expect(self.url(.anthropic, .embeddings) == nil)
        #expect(self.url(.groq, .embeddings) == nil)
        #expect(self.url(.deepseek, .moderations) == nil)
        #expect(self.url(.mistral, .imageGenerations) == nil)
        #expect(self.url(.perplexity, .embeddings) == "https://api.perplexity.ai/v1/embeddings")
        #expect(self.url(.together, .imageGenerations) == "https://api.together.xyz/v1/images/generations")
    }

    @Test("Azure: deployments, v1 paths and Foundry's models")
    func azure() {
        let base = "https://r.openai.azure.com"
        let deployment = "\(base)/openai/deployments/m/chat/completions?api-version=2024-02-01"
        for given in [base, base + "/openai", base + "/openai/v1"] {
            #expect(self.url(.azure, .chatCompletions, base: given, version: "2024-02-01") == deployment)
            #expect(self.url(.azure, .chatCompletions, base: given) == "\(base)/openai/v1/chat/completions")
        }
        #expect(
            self.url(.azure, .embeddings, base: base, model: "a b/../c?", version: "2024-10-21")
                == "\(base)/openai/deployments/a%20b%2F..%2Fc%3F/embeddings?api-version=2024-10-21")
        #expect(
            self.url(.azure, .embeddings, base: base, model: "..", version: "2024-10-21")
                == "\(base)/openai/deployments/%2E%2E/embeddings?api-version=2024-10-21")
        #expect(self.url(.azure, .embeddings, base: base, version: "v1") == "\(base)/openai/v1/embeddings")
        #expect(
            self.url(.azure, .messages, base: base, version: "preview")
                == "\(base)/openai/v1/chat/completions?api-version=preview")
        let foundry = "https://r.services.ai.azure.com/models"
        #expect(
            self.url(.azure, .chatCompletions, base: foundry)
                == "\(foundry)/chat/completions?api-version=2024-05-01-preview")
        #expect(
            self.url(.azure, .chatCompletions, base: foundry, version: "2025-01-01")
                == "\(foundry)/chat/completions?api-version=2025-01-01")
        let named = "\(base)/openai/deployments/gpt"
        #expect(
            self.url(.azure, .chatCompletions, base: named, version: "2024-02-01")
                == "\(named)/chat/completions?api-version=2024-02-01")
        let row = ProviderTable.row(.azure)
        #expect(row.urlsNameModel(base: base, apiVersion: "2024-02-01"))
        #expect(!row.urlsNameModel(base: base, apiVersion: nil))
        #expect(!row.urlsNameModel(base: foundry, apiVersion: "2024-02-01"))
        #expect(!ProviderTable.row(.groq).urlsNameModel(base: base, apiVersion: "2024-02-01"))
    }

    @Test("Keys are sent as each wants them")
    func keys() {
        #expect(ProviderTable.row(.azure).authentication == .apiKey)
        #expect(ProviderTable.row(.anthropic).authentication == .xAPIKey)
        #expect(ProviderTable.row(.mistral).authentication == .bearer)
    }

    @Test("Counts of recorded chats are those of the recordings", .withRecordings)
    func recorded() throws {
        let index = Recording.folder.appendingPathComponent("INDEX.tsv")
        var counts: [String: Int] = [:]
        for line in try String(contentsOf: index, encoding: .utf8).split(separator: "\n").dropFirst() {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count > 2, fields[2] == "chat.completions" || fields[2] == "messages" else { continue }
            counts[String(fields[1]), default: 0] += 1
        }
        for row in ProviderTable.rows {
            #expect(row.recordedChats == counts[row.dialect.name] ?? 0, "\(row.dialect.name)")
            #expect(row.isTested == (row.recordedChats >= 5))
        }
    }
}
