import Administration
import Configuration
import Cryptography
import Domain
import Glibc
import Identity
import EventLog
import Platform
import Testing

@testable import ControlPlane

@Suite struct PreparedGatewayTests {
    private let folder: TemporaryFolder
    private let environment = EnvironmentBlock(bytes: Array("OPENAI_API_KEY=sk-test\0".utf8))

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private func prepare(_ text: String?) throws(StartFailure) -> PreparedGateway {
        try PreparedGateway(
            reading: text == nil ? nil : "gateway.yaml", environment: self.environment,
            workingDirectory: self.folder.path
        ) { path, limit throws(BoundedFile.Failure) in
            guard path == "gateway.yaml" else { return try BoundedFile.read(path: path, limit: limit) }
            return Array((text ?? "").utf8)
        }
    }

    private func failure(_ text: String?) -> StartFailure? {
        do throws(StartFailure) {
            _ = try self.prepare(text)
            return nil
        } catch {
            return error
        }
    }

    @Test func withoutAFileTheEnvironmentDecides() throws {
        let gateway = try self.prepare(nil)
        #expect(gateway.state.configuration.defaultProvider == "openai")
        #expect(gateway.state.source.version == 1)
        #expect(gateway.state.snapshots.topology.stateDirectory == "\(self.folder.path)/sluice-state")
        #expect(self.folder.mode("sluice-state") == 0o700)
        let path = "\(self.folder.path)/sluice-state/static_key"
        #expect(gateway.clientKey == .file(path: path))
        // The first key is one of the table, not the static key.
        #expect(gateway.state.source.staticKey == nil)
        #expect(gateway.state.snapshots.edge.staticKeyDigest == nil)
        let text = try #require(self.folder.read("sluice-state/static_key"))
        let identities = IdentityReader(stateDirectory: "\(self.folder.path)/sluice-state")
        try identities.refresh()
        #expect(try identities.row(for: SHA256().digest(text.dropLast())) != nil)
    }

    @Test func aConfiguredKeyIsInTheSnapshotAsADigest() throws {
        let gateway = try self.prepare("auth: {static_key: configured-static-key}\n")
        #expect(gateway.clientKey == .configuration)
        let digest = try SHA256().digest(Array("configured-static-key".utf8)).bytes
        #expect(gateway.state.snapshots.edge.staticKeyDigest == digest)
    }

    @Test func aDamagedDatabaseEndsTheStartButNotARunningGateway() throws {
        try self.folder.makeFolder("sluice-state", mode: 0o700)
        try self.folder.write("sluice-state/control.db", Array("this is no database, but it is long enough".utf8))
        let failure = try #require(self.failure(nil))
        #expect(failure.code == 74)
        #expect(failure.message.contains("sluice-state/control.db at byte "))
        _ = unsafe unlink("\(self.folder.path)/sluice-state/control.db")
        let first = try self.prepare(nil)
        let source = first.state.source.encoded()
        let file = try OwnedDescriptor.copy(of: first.instance.descriptor.number)
        _ = consume first
        try self.folder.write("sluice-state/control.db", Array("this is no database, but it is long enough".utf8))
        let again = try PreparedGateway(inForce: source, instanceFile: file)
        #expect(again.facts == nil)
        let reason = #expect(throws: StartFailure.self) { try again.administration.open() }
        #expect(reason?.message.contains("control.db") == true)
    }

    @Test func everyProblemIsOneLineAndNothingIsTouched() throws {
        let failure = try #require(
            self.failure("listen: 5\nhttp: {max_body: huge}\nnonsense: 1\nstate_directory: ./state\n"))
        #expect(failure.code == 78)
        let lines = failure.message.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.hasPrefix("gateway.yaml:") })
        #expect(lines.contains { $0.hasPrefix("gateway.yaml:2:") && $0.contains(": http.max_body: ") })
        #expect(self.folder.mode("state") == nil)
    }

    @Test func aMissingFileIsNamed() throws {
        let folder = self.folder
        let path = "\(folder.path)/none.yaml"
        #expect(throws: StartFailure("\(path): the file cannot be read: No such file or directory", code: 78)) {
            _ = try PreparedGateway(
                reading: path, environment: EnvironmentBlock(bytes: []), workingDirectory: folder.path,
                readFile: BoundedFile.read)
        }
    }

    @Test func aSecondGatewayIsRefused() throws {
        let first = try self.prepare(nil)
        #expect(self.failure(nil)?.code == 75)
        _ = consume first
        #expect(self.failure(nil) == nil)
    }

    /// What a control that is started again makes of the configuration in force, after the files have gone.
    @Test(arguments: [
        String?.none, "providers: {p: {dialect: simulated}}\nmodels: {m: {targets: [\"p:x\"]}}\n",
        "auth: {static_key: configured-static-key}\nworkers: {edge: 3}\n", "auth: {keys: optional}\n",
    ])
    func aRestartedControlComesToTheSameResult(_ text: String?) throws {
        let first = try self.prepare(text)
        try self.folder.write("sluice-state/static_key", Array("another-key-entirely".utf8))
        let file = try OwnedDescriptor.copy(of: first.instance.descriptor.number)
        let (snapshots, configuration, source) = (first.state.snapshots, first.state.configuration, first.state.source)
        let (host, notices) = (first.instance.record.host, first.state.notices)
        // A process has the table open once.
        _ = consume first
        let again = try PreparedGateway(inForce: source.encoded(), instanceFile: file)
        #expect(again.state.snapshots == snapshots)
        #expect(again.state.configuration == configuration)
        #expect(again.state.source == source)
        #expect(again.instance.record.host == host)
        #expect(again.state.notices == notices)
    }

    @Test func nonsenseInForceIsRefused() throws {
        let first = try self.prepare(nil)
        let number = first.instance.descriptor.number
        #expect(throws: StartFailure.self) {
            _ = try PreparedGateway(inForce: [1, 2, 3], instanceFile: try OwnedDescriptor.copy(of: number))
        }
    }
}
