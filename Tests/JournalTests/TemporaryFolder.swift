import Foundation

/// A folder that goes away with its owner.
final class TemporaryFolder {
    let path: String

    init() throws {
        self.path = NSTemporaryDirectory() + "sluice-journal-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    /// The names in it, sorted.
    var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: self.path)) ?? []).sorted()
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }
}

/// Asks again and again until it is so; false after ten seconds.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    let end = Date().addingTimeInterval(10)
    while Date() < end {
        if try condition() { return true }
        usleep(2000)
    }
    return try condition()
}
