import Foundation

/// The JSON test suite beside the checkout, where there is one.
enum Corpus {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("../shared/corpora/JSONTestSuite/test_parsing").standardizedFileURL

    static var isPresent: Bool { FileManager.default.fileExists(atPath: self.folder.path) }

    /// Name and bytes of each text.
    static func texts() throws -> [(name: String, bytes: [UInt8])] {
        try FileManager.default.contentsOfDirectory(atPath: self.folder.path).filter { $0.hasSuffix(".json") }.sorted()
            .map { ($0, [UInt8](try Data(contentsOf: self.folder.appendingPathComponent($0)))) }
    }
}
