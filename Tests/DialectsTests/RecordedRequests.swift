import Foundation
import JSON

/// Bodies of recorded requests beside the checkout, where there are any.
struct RecordedRequest: CustomStringConvertible, Sendable {
    var name: String
    var body: JSONValue

    var description: String { self.name }

    /// The recordings whose name holds `part`.
    static func all(named part: String) -> [RecordedRequest] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: Recording.folder.path)) ?? []
        return files.sorted().compactMap { file in
            guard
                file.hasSuffix(".json"), file.contains(part),
                let data = try? Data(contentsOf: Recording.folder.appendingPathComponent(file)),
                let value = try? JSONReader().read([UInt8](data), maximumBytes: 64 << 20),
                let body = value["request"]?["body"], case .object = body
            else { return nil }
            return RecordedRequest(name: file, body: body)
        }
    }

    static let messages = Self.all(named: "anthropic-messages-")
    static let chats = Self.all(named: "chatcompletions-")
    static let countTokens = Self.all(named: "anthropic-messagescounttokens-")
}
