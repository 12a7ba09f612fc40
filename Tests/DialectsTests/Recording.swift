import Domain
import Foundation
import JSON
import Testing

/// A recorded exchange with a provider. The recordings lie beside the checkout, where there are any, and are not part of it.
struct Recording: CustomStringConvertible, Sendable {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("../shared/exchanges").standardizedFileURL

    static var arePresent: Bool { FileManager.default.fileExists(atPath: self.folder.path) }

    /// Of the file.
    var name: String
    var provider: String
    /// Such as `chat.completions` or `messages`.
    var api: String
    /// The request's body; null where none was recorded, or one that is no object.
    var request: JSONValue
    var isStream: Bool
    var status: Int64
    /// The answer's.
    var body: [UInt8]

    var description: String { self.name }

    init?(file: String) {
        guard
            file.hasSuffix(".json"), let data = try? Data(contentsOf: Self.folder.appendingPathComponent(file)),
            let tree = try? JSONReader().read([UInt8](data), maximumBytes: 64 << 20),
            let provider = tree["provider"]?.string, let api = tree["api"]?.string,
            let response = tree["response"], let status = response["status"]?.integer,
            let encoded = response["body_base64"]?.string, let body = Data(base64Encoded: Data(encoded))
        else { return nil }
        self.name = file
        self.provider = String(decoding: provider, as: UTF8.self)
        self.api = String(decoding: api, as: UTF8.self)
        self.request = .null
        if let request = tree["request"]?["body"], case .object = request { self.request = request }
        self.isStream = tree["stream"] == .bool(true)
        self.status = status
        self.body = [UInt8](body)
    }

    /// The provider's dialect; nil where it has none here.
    var dialect: Dialect? { Dialect.allCases.first { $0.name == self.provider } }

    // MARK: Collections

    static let all: [Recording] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: Self.folder.path)) ?? []
        return files.sorted().compactMap { Recording(file: $0) }
    }()

    /// Those whose name holds one of `parts`.
    static func all(named parts: String...) -> [Recording] {
        self.all.filter { recording in parts.contains { recording.name.contains($0) } }
    }

    // Answers in OpenAI's shapes.
    static let streams = Self.all(named: "chatcompletions-stream", "-completions-stream").filter { $0.status == 200 }
    static let unary = Self.all(named: "chatcompletions-unary", "embeddings-unary")

    // Answers in Anthropic's.
    static let anthropicStreams = Self.all(named: "anthropic").filter {
        $0.status == 200 && $0.body.starts(with: "event:".utf8)
    }
    static let anthropicMessages = Self.all(named: "anthropic").filter { recording in
        (try? JSONReader().read(recording.body, maximumBytes: 1 << 24))?["content"] != nil
    }

    // Requests.
    static let chatRequests = Self.all(named: "chatcompletions-").filter { $0.request != .null }
    static let messageRequests = Self.all(named: "anthropic-messages-").filter { $0.request != .null }
    static let countRequests = Self.all(named: "anthropic-messagescounttokens-").filter { $0.request != .null }
}

extension Trait where Self == ConditionTrait {
    /// For what needs the recordings.
    static var withRecordings: Self { .enabled(if: Recording.arePresent, "../shared/exchanges is not here") }
}
