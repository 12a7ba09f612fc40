import Domain
import Testing

@testable import Catalogue

@Suite struct CatalogueSourceTests {
    private func entry(_ name: String, _ provider: String, _ input: UInt32 = 1) -> CatalogueEntry {
        CatalogueEntry(name: Array(name.utf8), provider: provider, maximumInput: input)
    }

    private func names(
        _ dialect: Dialect, _ url: String, _ name: String, _ entries: [CatalogueEntry]
    ) -> [String: UInt32?]? {
        guard let source = CatalogueSource(dialect: dialect, baseURL: url, providerName: name) else { return nil }
        return Dictionary(
            uniqueKeysWithValues: source.models(in: CatalogueDocument(entries)).map {
                (String(decoding: $0.name, as: UTF8.self), $0.entry.maximumInput)
            })
    }

    @Test func prefixesAreTakenOff() {
        let entries = [
            self.entry("gpt-4o", "openai"), self.entry("openai/sora-2", "openai", 2), self.entry("sora-2", "openai", 3),
            self.entry("low/1024-x-1024/gpt-image-1", "openai"),
            self.entry("gpt-3.5-turbo-instruct", "text-completion-openai"),
            self.entry("azure/gpt-4o", "azure"), self.entry("azure/eu/gpt-4o", "azure"),
            self.entry("groq/openai/gpt-oss-20b", "groq"), self.entry("deepseek-chat", "deepseek", 4),
            self.entry("deepseek/deepseek-chat", "deepseek", 5),
            self.entry("gemini-2.5-pro", "vertex_ai-language-models"),
            self.entry("gemini/gemini-2.5-pro", "gemini"), self.entry("gemini/", "gemini"),
            self.entry("fireworks_ai/accounts/fireworks/models/x", "fireworks_ai"),
        ]
        #expect(
            self.names(.openai, "https://api.openai.com/v1", "o", entries)
                == ["gpt-4o": 1, "sora-2": 2, "gpt-3.5-turbo-instruct": 1])
        #expect(self.names(.azure, "https://r.openai.azure.com", "a", entries) == ["gpt-4o": 1])
        #expect(self.names(.groq, "http://h/v1", "a", entries) == ["openai/gpt-oss-20b": 1])
        #expect(self.names(.deepseek, "https://api.deepseek.com", "a", entries) == ["deepseek-chat": 5])
        #expect(
            self.names(.openai, "https://generativelanguage.googleapis.com/v1beta/openai", "a", entries)
                == ["gemini-2.5-pro": 1])
        #expect(
            self.names(.openai, "https://api.fireworks.ai/inference/v1", "a", entries)
                == ["accounts/fireworks/models/x": 1])
    }

    @Test func whoseModelsTheyAre() {
        let entries = [
            self.entry("gpt-4o", "openai"), self.entry("novita/x", "novita", 2),
            self.entry("together_ai/a/b", "together_ai", 3),
            self.entry("ollama/llama3", "ollama", 4),
        ]
        // The name is the only hint that a dialect of many leaves; a host that is known is none.
        #expect(self.names(.openai, "http://proxy/v1", "OpenAI", entries) == ["gpt-4o": 1])
        #expect(self.names(.litellm, "http://proxy/v1", "novita", entries) == ["x": 2])
        #expect(self.names(.openai, "https://API.openai.com:443/v1", "novita", entries) == ["gpt-4o": 1])
        #expect(self.names(.openai, "https://api.together.xyz/v1", "openai", entries) == ["a/b": 3])
        #expect(self.names(.openai, "http://proxy/v1", "together", entries) == ["a/b": 3])
        #expect(self.names(.openai, "https://notapi.openai.com.example/v1", "mine", entries) == [:])
        #expect(self.names(.ollama, "http://127.0.0.1:11434/v1", "mine", entries) == ["llama3": 4])
        #expect(self.names(.vllm, "http://127.0.0.1:8000/v1", "openai", entries) == nil)
        #expect(self.names(.vllm, "https://api.openai.com/v1", "x", entries) == ["gpt-4o": 1])
    }
}
