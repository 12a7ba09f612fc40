import Foundation
import JSON

/// Recorded provider exchanges beside the checkout, where there are any.
struct Recording: CustomStringConvertible, Sendable {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("../shared/exchanges").standardizedFileURL

    static var arePresent: Bool { FileManager.default.fileExists(atPath: self.folder.path) }

    var name: String
    var status: Int64
    var body: [UInt8]

    var description: String { self.name }

    /// The recordings whose name holds one of `parts`, in the OpenAI dialect.
    static func all(named parts: [String]) -> [Recording] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: self.folder.path)) ?? []
        return files.sorted().compactMap { file in
            guard file.hasSuffix(".json"), parts.contains(where: file.contains) else { return nil }
            guard
                let data = try? Data(contentsOf: self.folder.appendingPathComponent(file)),
                let value = try? JSONReader().read([UInt8](data), maximumBytes: 64 << 20),
                let response = value["response"], let encoded = response["body_base64"]?.string,
                let body = Data(base64Encoded: Data(encoded)), let status = response["status"]?.integer
            else { return nil }
            return Recording(name: file, status: status, body: [UInt8](body))
        }
    }

    static let streams = Self.all(named: ["chatcompletions-stream", "-completions-stream"]).filter { $0.status == 200 }
    static let unary = Self.all(named: ["chatcompletions-unary", "embeddings-unary"])

    static let anthropicStreams = Self.all(named: ["anthropic"]).filter {
        $0.status == 200 && $0.body.starts(with: "event:".utf8)
    }
    static let anthropicMessages = Self.all(named: ["anthropic"]).filter { recording in
        (try? JSONReader().read(recording.body, maximumBytes: 1 << 24))?["content"] != nil
    }
}
