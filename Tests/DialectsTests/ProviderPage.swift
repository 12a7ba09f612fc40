import Domain
import Foundation

@testable import Dialects

/// The tables that docs/providers.md has to have, line by line.
enum ProviderPage {
    private static let docs = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs")

    static var hasDocs: Bool { FileManager.default.fileExists(atPath: self.docs.path) }

    static func page() throws -> String {
        try String(contentsOf: self.docs.appendingPathComponent("providers.md"), encoding: .utf8)
    }

    /// The tables the page must have, line by line.
    static var overview: [String] {
        ProviderTable.rows.map { row in
            let names: [(Endpoint, String)] = [
                (.completions, "completions"), (.embeddings, "embeddings"), (.moderations, "moderations"),
                (.imageGenerations, "images"),
            ]
            let further = names.filter { row.endpoints.contains($0.0) }.map(\.1).joined(separator: ", ")
            let key =
                switch row.authentication {
                case .bearer: "`Authorization: Bearer`"
                case .apiKey: "`api-key`"
                case .xAPIKey: "`x-api-key`"
                }
            let base = row.dialect.defaultBaseURL.map { "`\($0)`" } ?? "-"
            let tested =
                row.isTested ? "\(row.recordedChats) recorded chats" : "untested against real traffic"
            return
                "| `\(row.dialect.name)` | \(row.title) | \(base) | \(key) | \(further.isEmpty ? "-" : further) | \(tested) |"
        }
    }

    static var members: [String] {
        ProviderTable.rows.filter { !$0.rules.isEmpty }.map { row in
            var lists: [[String]] = [[], [], []]
            for rule in row.rules {
                switch rule.action {
                case .unsupported: lists[0].append("`\(rule.member)`")
                case .strip: lists[1].append("`\(rule.member)`")
                case .rename(let name): lists[2].append("`\(rule.member)` → `\(name)`")
                }
            }
            let cells = lists.map { $0.isEmpty ? "-" : $0.sorted().joined(separator: ", ") }
            return "| `\(row.dialect.name)` | \(cells.joined(separator: " | ")) |"
        }
    }

    static var tastes: [String] {
        ProviderTable.rows.filter { $0.dialect != .anthropic }.map { row in
            let thoughts =
                switch row.thoughts {
                case .none: "-"
                case .reasoningContent: "`reasoning_content`"
                case .reasoning: "`reasoning`"
                case .reasoningDetails: "`reasoning`, `reasoning_details`"
                case .thinkingPart: "part `thinking`"
                case .blocks: "`reasoning_content`, `thinking_blocks`"
                }
            let names =
                switch row.names {
                case .everywhere: "yes"
                case .tools: "tools only"
                case .nowhere: "no"
                }
            func word(_ flag: Bool) -> String { flag ? "yes" : "no" }
            return
                "| `\(row.dialect.name)` | \(word(row.takesImageURLs)) | \(word(row.takesFiles)) | \(word(row.takesTopK)) | \(word(row.takesSchemas)) | \(names) | \(row.isExact ? "passed" : thoughts) |"
        }
    }
}
