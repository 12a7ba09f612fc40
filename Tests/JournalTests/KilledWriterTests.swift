import Domain
import Foundation
import Testing

@testable import Journal

@Suite(.serialized) struct KilledWriterTests {
    /// `journal-load`, which is built beside the tests.
    private static var program: URL {
        get throws {
            let here = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let beside = URL(fileURLWithPath: here).deletingLastPathComponent().appendingPathComponent("journal-load")
            if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
            let first = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            return first.appendingPathComponent("journal-load")
        }
    }

    /// Kills it after about `acknowledgements` of them and returns all that it gave.
    private static func run(_ folder: String, instance: Int, acknowledgements: Int) throws -> [UInt64] {
        let process = Process()
        process.executableURL = try KilledWriterTests.program
        process.arguments = ["write", folder, "\(instance)"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        var data = Data()
        while data.count < acknowledgements * 8 {
            let more = pipe.fileHandleForReading.availableData
            guard !more.isEmpty else { break }
            data += more
        }
        #expect(try JournalOwnerLock.isAlive(host: 1, instance: UInt32(instance), in: folder))
        kill(process.processIdentifier, SIGKILL)
        data += try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        return stride(from: 0, to: data.count / 8 * 8, by: 8).map { start in
            data[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    @Test func everythingAcknowledgedIsThereAfterAKill() throws {
        var random = SystemRandomNumberGenerator()
        var torn = 0
        for instance in 1...20 {
            let fixture = try JournalFixture()
            let acknowledged = try KilledWriterTests.run(
                fixture.path, instance: instance, acknowledgements: Int.random(in: 1...1500, using: &random))
            #expect(!acknowledged.isEmpty)
            #expect(acknowledged == Array(0..<UInt64(acknowledged.count)))
            #expect(try !JournalOwnerLock.isAlive(host: 1, instance: UInt32(instance), in: fixture.path))
            let reading = try fixture.readAll()
            var begun: [UInt64] = []
            var settled: [UInt64] = []
            for record in reading.records {
                switch record {
                case .begin(let begin): begun.append(begin.record.low)
                case .settle(let settle): settled.append(settle.record.low)
                default: Issue.record("\(record)")
                }
            }
            // In order, once each, and at most the one that was under way more than was acknowledged.
            #expect(begun == Array(0..<UInt64(begun.count)))
            #expect(settled == Array(0..<UInt64(settled.count)))
            #expect((acknowledged.count...acknowledged.count + 1).contains(settled.count))
            #expect((settled.count...settled.count + 1).contains(begun.count))
            torn += reading.torn.count
        }
        #expect(torn == 0)
    }
}
