import Administration
import Configuration
import Domain
import IPC
import Testing

@testable import ControlPlane

@Suite struct ConfigurationReloadTests {
    /// A gateway whose configuration can be read again.
    private struct Scene {
        static let environment = EnvironmentBlock(bytes: Array("KEY=provider-key\0".utf8))

        var files: [String: [UInt8]] = [:]
        var state: GatewayState

        init(_ text: String?) throws {
            let file = text.map { ConfigurationSource.File(name: "/etc/s.yaml", bytes: Array($0.utf8)) }
            var (source, result) = ConfigurationSource.read(
                version: 1, file: file, environment: Self.environment, workingDirectory: "/w"
            ) { (path, _) throws(BoundedFile.Failure) in throw BoundedFile.Failure(reason: "no such file") }
            let configuration = try #require(result.configuration, "\(result.problems)")
            source.staticKey = configuration.auth.staticKey
            let snapshots = try SnapshotSet.made(
                of: source, result, configuration, nil, users: [], readFile: Self.noFile)
            source.limitPlaces = snapshots.aggregator.limitTable.places
            source.mostUpstreams = snapshots.aggregator.upstreams
            self.state = GatewayState(
                source: source, base: result, merge: ObjectMerge(result, []), snapshots: snapshots,
                notices: result.notices)
        }

        private static func noFile(_ path: String, _ limit: Int) throws(BoundedFile.Failure) -> [UInt8] {
            throw BoundedFile.Failure(reason: "no such file")
        }

        func reload(
            _ text: String?, version: UInt64 = 2, readsFile: Bool = true, facts: StoreFacts? = nil
        ) throws(ReloadRefusal) -> GatewayState {
            let files = self.files
            return try ConfigurationReload.read(
                after: self.state, ReloadRequest(version: version, readsFile: readsFile), facts: facts,
                codec: ObjectCodec(vault: SampleVault.locked())
            ) {
                (path, limit) throws(BoundedFile.Failure) in
                if path == "/etc/s.yaml", let text { return Array(text.utf8) }
                guard let bytes = files[path] else { throw BoundedFile.Failure(reason: "No such file or directory") }
                guard bytes.count <= limit else {
                    throw BoundedFile.Failure(reason: "it is larger than \(limit) bytes")
                }
                return bytes
            }
        }

        func refusal(_ text: String?) -> [String] {
            do throws(ReloadRefusal) {
                _ = try self.reload(text)
                return []
            } catch {
                return error.lines
            }
        }
    }

    private static let first = """
        state_directory: state
        workers: {edge: 2, upstream: 1}
        auth: {static_key: the-first-static-key}
        providers:
          one: {dialect: openai, api_key: "${KEY}"}
        """

    private static let alias = ObjectRecord(
        kind: 2, name: "made", body: Array(#"{"targets":["one:m"]}"#.utf8), sealed: nil, created: 1, changed: 1)
    private static let simulated = "providers: {one: {dialect: simulated}}"

    @Test func aRefreshTakesWhatWasMadeAndNotTheFile() throws {
        let scene = try Scene(Self.simulated)
        let facts = StoreFacts(
            hasKeys: true, projects: [], objects: ObjectRecords(number: 5, records: [Self.alias]))
        let state = try scene.reload("nonsense: [", version: 4, readsFile: false, facts: facts)
        #expect(state.version == 4 && state.source.objects.number == 5)
        #expect(state.configuration.models.map(\.name) == ["made"])
        #expect(state.snapshots.edge.routes.aliases.count == 1)
        #expect(state.source.file == scene.state.source.file)
    }

    @Test func aReloadTakesBoth() throws {
        let scene = try Scene(Self.simulated)
        let facts = StoreFacts(
            hasKeys: true, projects: [], objects: ObjectRecords(number: 5, records: [Self.alias]))
        let both = try scene.reload(Self.simulated + "\nmodels: {other: {targets: ['one:x']}}", facts: facts)
        #expect(both.configuration.models.map(\.name) == ["other", "made"])
        let hidden = try scene.reload(Self.simulated + "\nmodels: {made: {targets: ['one:x']}}", facts: facts)
        #expect(hidden.configuration.models.map(\.choices.first?.target.model) == ["x"])
        #expect(hidden.notices.contains { $0.contains("made by API, is not in force: /etc/s.yaml:2 defines") })
    }

    @Test func whatNobodyCanOpenIsNoConfiguration() throws {
        let scene = try Scene(Self.simulated)
        var sealed = Self.alias
        sealed.sealed = [1]
        let facts = StoreFacts(hasKeys: true, projects: [], objects: ObjectRecords(number: 5, records: [sealed]))
        #expect(throws: ReloadRefusal.self) { try scene.reload(Self.simulated, facts: facts) }
    }

    @Test func theNewFileIsRead() throws {
        let scene = try Scene(Self.first)
        let next = try scene.reload(
            Self.first.replacing("first-static", with: "other-static").replacing("upstream: 1", with: "upstream: 3")
                + "\n  two: {dialect: simulated}\nlogging: {level: debug}\n")
        #expect(next.version == 2)
        #expect(next.source.staticKey == Secret(Array("the-other-static-key".utf8)))
        #expect(next.snapshots.edge.staticKeyDigest != scene.state.snapshots.edge.staticKeyDigest)
        #expect(next.snapshots.edge.version == 2 && next.snapshots.aggregator.version == 2)
        #expect(next.snapshots.upstream.providers.map(\.name) == ["one", "two"])
        #expect(next.snapshots.upstream.earlier?.version == 1)
        #expect(next.snapshots.upstream.earlier?.providers.map(\.name) == ["one"])
        #expect(next.snapshots.topology.upstreams == 3)
        #expect(next.snapshots.topology.logLevel == .debug)
        #expect(next.snapshots.aggregator.limitTable == scene.state.snapshots.aggregator.limitTable)
        #expect(next.snapshots.upstream.upstreams == 3 && next.snapshots.aggregator.upstreams == 4)
        // What a control gets that is started again.
        let decoded = try #require(ConfigurationSource(decoding: next.source.encoded()))
        #expect(decoded == next.source)
        #expect(decoded.result().configuration == next.configuration)
    }

    @Test func plansThatAreOnTheirWayKeepTheirPolicies() throws {
        let scene = try Scene(Self.first + "\nmodels: {a: {targets: [\"one:x\"], retries: 5}}\n")
        let next = try scene.reload(Self.first + "\nmodels: {a: {targets: [\"one:x\"], retries: 0}}\n")
        #expect(next.snapshots.upstream.earlier?.policies.map(\.retries) == [2, 5])
        #expect(next.snapshots.upstream.policies.map(\.retries) == [2, 0])
    }

    /// The table that upstreams share was made at the start; further reloads do not move its end.
    @Test func upstreamsMayGrowAsFarAsTheirTable() throws {
        var scene = try Scene(Self.first.replacing("upstream: 1", with: "upstream: 7"))
        #expect(scene.state.snapshots.aggregator.upstreams == 9)
        let next = try scene.reload(Self.first.replacing("upstream: 1", with: "upstream: 9"))
        #expect(next.snapshots.topology.upstreams == 9 && next.snapshots.aggregator.upstreams == 9)
        scene.state = next
        #expect(scene.refusal(Self.first.replacing("upstream: 1", with: "upstream: 10")).count == 1)
        #expect(try scene.reload(Self.first).snapshots.aggregator.upstreams == 9)
        #expect(try #require(ConfigurationSource(decoding: next.source.encoded())).mostUpstreams == 9)
    }

    @Test func theEnvironmentIsThatOfTheStart() throws {
        let scene = try Scene(Self.first)
        #expect(
            scene.refusal(Self.first.replacing("${KEY}", with: "${OTHER}")).first?.hasPrefix(
                "/etc/s.yaml:5:35: providers.one.api_key: the environment variable OTHER is not set") == true)
    }

    @Test func aGatewayWithoutAFileStaysAsItIs() throws {
        let scene = try Scene(nil)
        let next = try scene.reload(nil)
        #expect(next.configuration == scene.state.configuration)
        #expect(next.version == 2)
        #expect(next.notices.first == ConfigurationReload.noFile)
    }

    @Test func filesAreLookedForWhereTheGatewayWasStarted() throws {
        var scene = try Scene(Self.first)
        let text = "\nlisten: [{address: \"127.0.0.1:1\", tls: {certificate: tls/c.pem, key: tls/k.pem}}]\n"
        #expect(scene.refusal(Self.first + text).count == 2)
        scene.files = ["/w/tls/c.pem": Array("x".utf8), "/w/tls/k.pem": Array("x".utf8)]
        let refusal = scene.refusal(Self.first + text)
        #expect(
            refusal.first?.contains("/etc/s.yaml:6:54: listen[0].tls.certificate: expected a PEM file") == true,
            "\(refusal)")
    }

    @Test(arguments: [
        ("state_directory: state", "state_directory: other", "1:18: state_directory: another folder (it is /w/state)"),
        ("edge: 2", "edge: 5", "2:17: workers.edge: more than 4 edges, for which this run's limit table has places,"),
        (
            "upstream: 1", "upstream: 5",
            "2:30: workers.upstream: more than 4 upstreams, for which this run's table of providers has places,"
        ),
        ("auth:", "database: postgres://u:p@h/d\nauth:", "3:1: database: another database"),
        (
            "auth:", "limits: {table_slots: 4096}\nauth:",
            "3:23: limits.table_slots: another size (it is 1048576)"
        ),
    ])
    func whatNeedsARestart(old: String, new: String, expected: String) throws {
        let refusal = try Scene(Self.first).refusal(Self.first.replacing(old, with: new))
        #expect(refusal == ["/etc/s.yaml:\(expected) needs a restart"])
    }

    @Test func aValueThatIsNoLongerThereIsNamedToo() throws {
        let scene = try Scene(Self.first)
        #expect(
            scene.refusal(Self.first.replacing("state_directory: state\n", with: "")) == [
                "/etc/s.yaml: state_directory: another folder (it is /w/state) needs a restart"
            ])
    }

    @Test func edgesMayGrowIntoThePlacesOfTheLimitTable() throws {
        let next = try Scene(Self.first).reload(Self.first.replacing("edge: 2", with: "edge: 4"))
        #expect(next.snapshots.topology.edges == 4)
        #expect(next.snapshots.aggregator.limitTable.places == 8)
    }

    @Test func allProblemsAreSaidAtOnce() throws {
        let text = "listen: 5\nhttp: {max_body: huge}\nnonsense: 1\n"
        #expect(try Scene(Self.first).refusal(text).count == 3)
    }

    @Test func aFileThatCannotBeReadIsNamed() throws {
        var scene = try Scene(Self.first)
        #expect(scene.refusal(nil) == ["/etc/s.yaml: the file cannot be read: No such file or directory"])
        scene.files["/etc/s.yaml"] = [UInt8](repeating: 0x20, count: ConfigurationLoader.fileLimit + 1)
        #expect(scene.refusal(nil) == ["/etc/s.yaml: the file cannot be read: it is larger than 4194304 bytes"])
    }

    @Test func anUnknownTimeZoneHasItsLine() throws {
        let refusal = try Scene(Self.first).refusal(Self.first + "\nschedule: {timezone: Mars/Olympus}\n")
        #expect(refusal.count == 1)
        #expect(refusal.first?.hasPrefix("/etc/s.yaml:6:22: schedule.timezone: ") == true, "\(refusal)")
    }

    @Test func longRefusalsAreCutAtALine() {
        let lines = (0..<2000).map { "line \($0) of a file with many problems" }
        let message = ReloadRefusal(lines: lines).message
        #expect(message.utf8.count <= ReloadRefusal.limit + 40)
        let shown = message.split(separator: "\n").map(String.init)
        #expect(Array(shown.dropLast()) == Array(lines.prefix(shown.count - 1)))
        #expect(shown.last == "… and \(2000 - shown.count + 1) more")
        #expect(ReloadRefused(version: 1, message: message).message == message)
    }

    @Test func aConfigurationCountsOnceTheTreeHasIt() throws {
        let scene = try Scene(Self.first)
        var desk = ConfigurationDesk(scene.state)
        desk.announced(try scene.reload(Self.first, version: 2))
        let early = desk.reported(1)
        #expect(!early)
        #expect(desk.inForce.version == 1)
        desk.refused(2)
        let refused = desk.reported(2)
        #expect(!refused)
        desk.announced(try scene.reload(Self.first, version: 3))
        desk.refused(2)
        let used = desk.reported(3)
        #expect(used)
        #expect(desk.inForce.version == 3)
        let again = desk.reported(3)
        #expect(!again)
    }
}
