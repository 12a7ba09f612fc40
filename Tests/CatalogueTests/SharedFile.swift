import Foundation
import Testing

/// The copy of LiteLLM's file that lies beside a development checkout; tests that need it are skipped where it is absent.
enum SharedFile {
    static let prices: URL = {
        let folder =
            ProcessInfo.processInfo.environment["SLUICE_SHARED"].map { URL(fileURLWithPath: $0) }
            ?? URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("../../../shared").standardizedFileURL
        return folder.appendingPathComponent("data/model_prices.json")
    }()

    static var arePresent: Bool { FileManager.default.isReadableFile(atPath: self.prices.path) }

    static func bytes() throws -> [UInt8] { [UInt8](try Data(contentsOf: self.prices)) }
}

extension Trait where Self == ConditionTrait {
    static var withPrices: Self { .enabled(if: SharedFile.arePresent, "../shared/data/model_prices.json is not here") }
}
