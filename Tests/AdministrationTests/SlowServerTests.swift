import Cryptography
import Database
import DatabaseTestSupport
import Domain
import EventLog
import Platform
import Synchronization
import Testing

@testable import Administration

/// A server that takes long to connect to, and what who asks is told of it.
@Suite struct SlowServerTests {
    /// Connecting lasts ten seconds here: if one waited for the other, the second would not come in time.
    @Test func nobodyWaitsForTheConnectionOfAnother() throws {
        let deaf = try DeafServer()
        let folder = try TemporaryFolder()
        var address = try PostgresAddress(url: Array("postgresql://nobody@127.0.0.1/none".utf8))
        address.port = deaf.port
        address.connectTimeout = 10
        let source = try AdministrationSource(
            stateDirectory: folder.path, server: address, environment: { _ in nil })
        let codes = Mutex<[Int32]>([])
        let threads = try (0..<3).map { _ in
            try WorkerThread(name: "opening") {
                do throws(StartFailure) { _ = try source.open() } catch { codes.withLock { $0.append(error.code) } }
            }
        }
        #expect(deaf.takes(3, milliseconds: 8000))
        deaf.hangUp()
        for thread in threads { thread.join() }
        #expect(codes.withLock { $0 } == Array(repeating: ControlExitCode.databaseAway, count: 3))
    }

    /// Fails as it is told to.
    private final class Failing: AdministrationResource {
        let failure: AdministrationFailure

        init(_ failure: AdministrationFailure) { self.failure = failure }

        var routes: [APIRoute] {
            [
                APIRoute(.get, ["it"], id: "it", summary: "", tag: "it", replies: [200: nil]) {
                    [failure] (_: inout AdministrationCall) throws(AdministrationFailure) in throw failure
                }
            ]
        }
    }

    @Test func whereAServerIsStaysInTheLog() throws {
        let place = "PostgreSQL db7.internal.example:5432/sluice"
        let error = DatabaseError(server: place, operation: "step", state: .cannotConnect, message: "away")
        for failure in [
            AdministrationFailure(error), AdministrationFailure(error, of: "usage database"),
            AdministrationFailure(VaultError.database(error)),
            AdministrationFailure(VaultError.wrongMasterKey("not the master key that \(place) was sealed with")),
            AdministrationFailure(VaultError.damaged("\(place): the table secrets is not whole")),
            AdministrationFailure(VaultError.start(StartFailure("\(place)"))),
            AdministrationFailure(StartFailure("\(place): away", code: ControlExitCode.databaseAway)),
            AdministrationFailure(
                StartFailure("\(place): it is of a newer Sluice", code: ControlExitCode.stateDamaged)),
        ] {
            let service = AdministrationService(resources: [Failing(failure)])
            var log: [String] = []
            service.report = { log.append($0) }
            let reply = service.reply(to: AdministrationRequest(method: .get, path: ["it"]))
            #expect(reply.status == 503)
            let text = String(decoding: reply.body, as: UTF8.self)
            #expect(!text.contains("db7") && !text.contains("5432"), "\(text)")
            #expect(log.count == 1 && log.first?.contains(place) == true, "\(log)")
        }
    }
}
