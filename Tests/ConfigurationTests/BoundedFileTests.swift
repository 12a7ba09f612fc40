import Configuration
import Foundation
import Testing

@Suite struct BoundedFileTests {
    private func withFile(_ contents: [UInt8], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("file")
        try Data(contents).write(to: file)
        try body(file.path)
    }

    @Test(arguments: [0, 1, 65_536, 65_537, 200_000]) func aFileUpToTheLimitIsReadWhole(size: Int) throws {
        let contents = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try self.withFile(contents) { path in
            let bytes = try BoundedFile.read(path: path, limit: size)
            #expect(bytes == contents)
        }
    }

    @Test func aLargerOneIsRefused() throws {
        try self.withFile([1, 2, 3]) { path in
            #expect(throws: BoundedFile.Failure(reason: "it is larger than 2 bytes")) {
                try BoundedFile.read(path: path, limit: 2)
            }
        }
    }

    @Test func whatCannotBeReadSaysWhy() throws {
        #expect(throws: BoundedFile.Failure(reason: "No such file or directory")) {
            try BoundedFile.read(path: "/nonexistent/file", limit: 10)
        }
        #expect(throws: BoundedFile.Failure(reason: "Is a directory")) { try BoundedFile.read(path: "/", limit: 10) }
        #expect(throws: BoundedFile.Failure.self) { try BoundedFile.read(path: "/etc/\u{0}x", limit: 10) }
    }

    @Test func aWholeConfigurationFromDisk() throws {
        try self.withFile(Array("sk-0123456789abcdef\n".utf8)) { path in
            let text = "auth: {static_key: \"${file:\(path)}\"}"
            let result = ConfigurationLoader.load(text: text, file: "f", environment: [:], readFile: BoundedFile.read)
            #expect(result.problems.isEmpty)
            #expect(result.configuration?.auth.staticKey != nil)
        }
    }
}
