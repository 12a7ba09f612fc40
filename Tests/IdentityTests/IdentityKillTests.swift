import Cryptography
import Domain
import Foundation
import Synchronization
import Testing

@testable import Identity

/// One process of `identity-driver`, its output gathered line by line.
private final class Driver: @unchecked Sendable {
    // SAFETY: `process` is only touched by the test's thread; the lines are behind the mutex.
    private let process = Process()
    private let lines = Mutex<[String]>([])
    private let changed = DispatchSemaphore(value: 0)

    init(_ arguments: [String]) throws {
        self.process.executableURL = try Self.program()
        self.process.arguments = arguments
        let pipe = Pipe()
        self.process.standardOutput = pipe
        let rest = Mutex<[UInt8]>([])
        pipe.fileHandleForReading.readabilityHandler = { [self] handle in
            let data = handle.availableData
            if data.isEmpty {
                handle.readabilityHandler = nil
                self.changed.signal()
                return
            }
            let complete = rest.withLock { rest -> [String] in
                rest += data
                guard let end = rest.lastIndex(of: 10) else { return [] }
                let text = String(decoding: rest[..<end], as: UTF8.self)
                rest.removeSubrange(...end)
                return text.split(separator: "\n").map { String($0) }
            }
            self.lines.withLock { $0 += complete }
            self.changed.signal()
        }
        try self.process.run()
    }

    /// Everything said so far.
    var output: [String] { self.lines.withLock { $0 } }

    /// Waits until `count` lines have been said; false after 10 seconds.
    func waitForLines(_ count: Int) -> Bool {
        let deadline = DispatchTime.now() + 10
        while self.output.count < count {
            guard self.changed.wait(timeout: deadline) == .success else { return false }
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
        let survivor = try Driver(["read", folder.path])
        #expect(survivor.waitForLines(1))
        var next = 0
        for round in 0..<67 {
            let before = survivor.output.count
            let readers = [try Driver(["read", folder.path]), try Driver(["read", folder.path])]
            let writer = try Driver(["write", folder.path, "\(next)"])
            // Killed after a few commits, at whatever point of the next one it is.
            try #require(writer.waitForLines(2 + round % 3), "a new writer hangs after \(round * 3) kills")
            if round % 2 == 0 {
                #expect(readers[0].waitForLines(1 + round % 3), "a new reader hangs after \(round * 3) kills")
            }
            writer.kill()
            for reader in readers { reader.kill() }
            for line in writer.output.dropFirst() {
                let number = try #require(Int(line), "\(line)")
                next = max(next, number + 1)
            }
            #expect(survivor.waitForLines(before + 1), "the surviving reader hangs")
        }
        let check = try Driver(["check", folder.path, "\(next)"])
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
