import Cryptography
import Domain
import Foundation
import Testing

@testable import Identity

/// One process of `identity-driver`. What it says goes to a file, so that no one has to read along.
private final class Driver {
    private let process = Process()
    private let file: URL

    init(_ arguments: [String], in folder: TemporaryFolder) throws {
        self.process.executableURL = try Self.program()
        self.process.arguments = arguments
        self.file = URL(fileURLWithPath: "\(folder.path)/said-\(UUID().uuidString)")
        try Data().write(to: self.file)
        let output = try FileHandle(forWritingTo: self.file)
        self.process.standardOutput = output
        try self.process.run()
        try output.close()
    }

    /// Every whole line said so far.
    var output: [String] {
        guard let data = try? Data(contentsOf: self.file), let end = data.lastIndex(of: 10) else { return [] }
        return String(decoding: data[..<end], as: UTF8.self).split(separator: "\n").map { String($0) }
    }

    /// How it is: for the message of a test that fails.
    var state: String {
        let life =
            self.process.isRunning
            ? "runs" : "ended by \(self.process.terminationReason) \(self.process.terminationStatus)"
        return "pid \(self.process.processIdentifier) \(life), last line: \(self.output.last ?? "none")"
    }

    /// Waits until `count` lines have been said; false after 10 seconds.
    func waitForLines(_ count: Int) -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while self.output.count < count {
            guard ContinuousClock.now < deadline else { return false }
            usleep(1000)
        }
        return true
    }

    func kill() {
        Foundation.kill(self.process.processIdentifier, SIGKILL)
        self.process.waitUntilExit()
    }

    func waitUntilExit() { self.process.waitUntilExit() }

    /// Beside the test bundle, where the build puts all programs.
    private static func program() throws -> URL {
        let candidates = CommandLine.arguments + [ProcessInfo.processInfo.arguments.first ?? ""]
        for argument in candidates where argument.contains(".xctest") {
            var url = URL(fileURLWithPath: argument)
            while url.path.contains(".xctest") { url.deleteLastPathComponent() }
            let program = url.appendingPathComponent("identity-driver")
            if FileManager.default.isExecutableFile(atPath: program.path) { return program }
        }
        throw CocoaError(.fileNoSuchFile)
    }
}

@Suite(.serialized) struct IdentityKillTests {
    /// 67 writers and 134 readers are killed at odd moments. Each next writer opens the table and gets on, a reader that lives
    /// through it all keeps reading, and every commit that was reported is there at the end.
    @Test(.timeLimit(.minutes(2))) func survives200Kills() throws {
        let folder = try TemporaryFolder()
        try IdentityWriter.create(
            stateDirectory: folder.path, meta: IdentityMeta(sequence: 0, source: EntityID(high: 1, low: 1))
        ) { nil }
        let survivor = try Driver(["read", folder.path], in: folder)
        #expect(survivor.waitForLines(1))
        var next = 0
        for round in 0..<67 {
            let before = survivor.output.count
            let readers = [
                try Driver(["read", folder.path], in: folder), try Driver(["read", folder.path], in: folder),
            ]
            let writer = try Driver(["write", folder.path, "\(next)"], in: folder)
            // Killed after a few commits, at whatever point of the next one it is.
            try #require(
                writer.waitForLines(2 + round % 3), "a new writer hangs after \(round * 3) kills: \(writer.state)")
            if round % 2 == 0 {
                try #require(
                    readers[0].waitForLines(1 + round % 3),
                    "a new reader hangs after \(round * 3) kills: \(readers[0].state)")
            }
            writer.kill()
            for reader in readers { reader.kill() }
            for line in writer.output.dropFirst() {
                let number = try #require(Int(line), "\(line)")
                next = max(next, number + 1)
            }
            try #require(survivor.waitForLines(before + 1), "the surviving reader hangs: \(survivor.state)")
        }
        let check = try Driver(["check", folder.path, "\(next)"], in: folder)
        #expect(check.waitForLines(1))
        check.waitUntilExit()
        #expect(check.output == ["\(next)"])
        #expect(next >= 134)
        let writer = try IdentityWriter(stateDirectory: folder.path)
        // The last kill may have come between a commit and its report.
        #expect(try (next...(next + 1)).contains(writer.count()))
        try writer.sweepReaders()
        #expect(try writer.sweepReaders() == 0)
        survivor.kill()
        #expect(try writer.sweepReaders() == 1)
    }
}
