import Domain
import Foundation
import Testing

@testable import Journal
@testable import UsageStore

/// How many requests a second one core applies. On demand, in a release build:
/// `SLUICE_BENCHMARK=1 swift test -c release -Xswiftc -enable-testing --filter IngestBenchmark`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["SLUICE_BENCHMARK"] == "1"), .serialized)
struct IngestBenchmark {
    private func cpuSeconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// BEGIN, ATTEMPT, ATTEMPT_END and SETTLE each; four edges' records mixed, as they lie in four segments.
    @Test func fourRecordsEach() throws {
        let folder = try TemporaryFolder()
        let writer = try UsageWriter(path: folder.file("usage.db"))
        let rounds = 400
        let perRound = 1250
        var sources = (0..<4).map { RecordSource(edgeInstance: 7 + UInt32($0)) }
        var seconds = 0.0
        var cpu = 0.0
        for round in 0..<rounds {
            var batch: [[[UInt8]]] = [[], [], [], []]
            for number in 0..<perRound {
                let edge = number % 4
                let record = sources[edge].mint(after: UInt64(number % 8 / 7))
                batch[edge] += RecordSource.all(record).map(\.encodedBody)
            }
            let began = Date()
            let cpuBefore = self.cpuSeconds()
            try writer.begin()
            let owner = try writer.owner(host: 1, instance: 9, role: .upstream)
            for part in batch {
                for record in part { try writer.add(encoded: record, owner: owner) }
            }
            try writer.setPosition(UInt64(round), of: "abcdef-000007-000001.journal")
            try writer.commit()
            cpu += self.cpuSeconds() - cpuBefore
            seconds += Date().timeIntervalSince(began)
        }
        let total = Double(rounds * perRound)
        let size = Double(try writer.size())
        print(
            "ingest: \(Int(total / seconds)) requests/s, \(cpu / total * 1e6) µs CPU a request,",
            "\(size / total) bytes a request")
        #expect(total / cpu >= 20_000)
    }
}
