import Domain
import JSON
import Limits
import Platform
import Resilience
import Testing

@testable import Administration

/// What control says of providers, over a table as upstreams write it.
@Suite struct ProviderSurveyTests {
    private static let version: UInt64 = 7
    private let folder: TemporaryFolder
    private let table: LimitTable
    private let board: HealthBoard

    init() throws {
        self.folder = try TemporaryFolder()
        try self.folder.makeFolder("providers", mode: 0o700)
        let path = LimitTable.providersPath(stateDirectory: self.folder.path)
        let made = try LimitTable.create(path, shape: .providers(upstreams: 2), boot: try BootID.current())
        try made.publish()
        self.table = made
        self.board = try #require(HealthBoard(made))
    }

    private static func survey(_ state: String) -> ProviderSurvey {
        let survey = ProviderSurvey(stateDirectory: state)
        survey.use(
            UpstreamSnapshot(version: Self.version, providers: Self.providers, logLevel: .info), routes: Self.routes)
        return survey
    }

    private var survey: ProviderSurvey { Self.survey(self.folder.path) }

    private static let providers = [
        ProviderSettings(
            name: "openai", kind: .server(.openai, baseURL: "https://a.example/v1"),
            keys: [ProviderKey(name: "a", value: Secret([1])), ProviderKey(name: "b", value: Secret([2]))],
            concurrency: 20),
        ProviderSettings(name: "local", kind: .server(.openai, baseURL: "http://b.example/v1")),
    ]

    private static let routes: RouteTable = {
        func target(_ provider: UInt16, _ model: String) -> RouteTable.Choice {
            RouteTable.Choice(Target(provider: provider, model: Array(model.utf8)))
        }
        return RouteTable(
            providers: ["openai", "local"],
            aliases: [
                .init(name: Array("fast".utf8), choices: [target(0, "mini"), target(1, "small")]),
                .init(name: Array("any-*".utf8), choices: [target(0, "*"), target(0, "mini")]),
                .init(
                    name: Array("auto".utf8), choices: [],
                    route: .init(threshold: 8000, header: [], fast: [target(1, "small")], deep: [target(0, "large")])),
            ], defaultProvider: nil)
    }()

    private func enter(_ id: HealthID) throws -> Int { try #require(self.board.enter(id)) }

    private func open(_ id: HealthID, for time: UInt64) throws {
        let settings = BreakerSettings(failures: 1, open: time, longestOpen: time)
        let word = BreakerWord().failed(nil, isTooMany: false, at: self.table.windowTime(), settings)
        self.board.store(try self.enter(id), HealthWords.Target.breaker, word.raw)
    }

    @Test func allIsWellAtFirst() {
        let found = self.survey.look()
        #expect(found.map(\.name) == ["openai", "local"])
        #expect(found.map(\.breaker) == [.closed, .closed])
        #expect(found.map(\.running) == [0, 0])
        #expect(found.map(\.waiting) == [0, 0])
        #expect(found.map(\.concurrency) == [20, nil])
        #expect(found[0].keys == [.init(name: "a", state: .usable), .init(name: "b", state: .usable)])
        #expect(found[1].keys.isEmpty)
        #expect(found.allSatisfy { $0.targets.isEmpty && $0.firstToken == nil })
    }

    @Test func withoutATableNothingIsKnown() throws {
        let empty = try TemporaryFolder()
        let found = Self.survey(empty.path).look()
        #expect(found.map(\.name) == ["openai", "local"])
        #expect(found.allSatisfy { $0.breaker == nil && $0.running == nil && $0.waiting == nil })
        #expect(found[0].keys == [.init(name: "a", state: nil), .init(name: "b", state: nil)])
    }

    @Test func breakersOfProvidersAndTheirModels() throws {
        try self.open(.provider("local"), for: 30_000)
        for model in ["mini", "large", "made up"] {
            try self.open(.target(provider: "openai", model: Array(model.utf8)), for: 30_000)
        }
        // Its time is over, and a call probes.
        let probing = try self.enter(.target(provider: "local", model: Array("small".utf8)))
        let settings = BreakerSettings(failures: 1, open: 0, longestOpen: 0)
        let now = self.table.windowTime()
        let word = BreakerWord().failed(nil, isTooMany: false, at: now, settings).probed(at: now + 1)
        self.board.store(probing, HealthWords.Target.breaker, try #require(word).word.raw)
        let found = self.survey.look()
        #expect(found[0].breaker == .closed)
        guard case .open(let wait) = found[1].breaker else {
            Issue.record("\(String(describing: found[1].breaker))")
            return
        }
        #expect((20_000...30_000).contains(wait))
        // Each model of an alias once; what only clients have named cannot be asked about.
        #expect(found[0].targets.map { String(decoding: $0.model, as: UTF8.self) } == ["mini", "large"])
        #expect(found[1].targets == [.init(model: Array("small".utf8), breaker: .halfOpen)])
    }

    @Test func keysThatAreNotUsed() throws {
        let now = self.table.windowTime()
        let cooling = try self.enter(.key(provider: "openai", value: Secret([1])))
        self.board.store(
            cooling, HealthWords.Key.cooldown, CooldownWord().limited(for: 40_000, at: now).raw)
        let out = try self.enter(.key(provider: "openai", value: Secret([2])))
        self.board.store(out, HealthWords.Key.out, KeyOutWord().refused(nil, Self.version, at: now).raw)
        self.board.store(out, HealthWords.Key.status, 401)
        // A key for one model, and calls without a key that the provider refuses.
        self.board.store(cooling, HealthWords.Key.models, 1)
        let model = try self.enter(.key(provider: "openai", value: Secret([1]), model: Array("large".utf8)))
        self.board.store(model, HealthWords.Key.out, KeyOutWord().refused(nil, Self.version, at: now).raw)
        self.board.store(model, HealthWords.Key.status, 403)
        let none = try self.enter(.key(provider: "local", value: Secret([])))
        self.board.store(none, HealthWords.Key.out, KeyOutWord().refused(nil, Self.version, at: now).raw)
        let found = self.survey.look()
        guard case .cooling(let wait) = found[0].keys[0].state,
            case .out(401, let probe) = found[0].keys[1].state
        else {
            Issue.record("\(found[0].keys)")
            return
        }
        #expect((30_000...40_000).contains(wait) && (50_000...60_000).contains(probe))
        #expect(found[0].keys[0].models.map(\.name) == [Array("large".utf8)])
        guard case .out(403, _) = found[0].keys[0].models.first?.state else {
            Issue.record("\(found[0].keys[0].models)")
            return
        }
        #expect(found[1].keys.map(\.name) == [nil])
        // Another configuration puts every key back.
        let survey = self.survey
        survey.use(
            UpstreamSnapshot(version: Self.version + 1, providers: Self.providers, logLevel: .info), routes: Self.routes
        )
        #expect(survey.look()[0].keys[1].state == .usable)
        #expect(survey.look()[1].keys.isEmpty)
    }

    @Test func callsThatRunAndRequestsThatWait() throws {
        let owner = LimitOwner(self.table)
        let place = try #require(owner.join(55))
        for (id, count) in [(HealthID.provider("openai"), UInt32(12)), (.waiting("openai"), 3)] {
            let word = try #require(self.board.runningWord(id, place: place))
            self.board.store(word.entry, word.word, HealthBoard.running(count, instance: 55))
        }
        let found = self.survey.look()
        #expect(found[0].running == 12)
        #expect(found[0].waiting == 3)
        #expect(found[1].waiting == 0)
    }

    @Test func providersAreSaidAsTheyAre() {
        let providers = [
            ProviderStatus(
                name: "openai", breaker: .open(probeIn: 2_001),
                targets: [.init(model: Array("mini".utf8), breaker: .halfOpen)],
                keys: [
                    .init(
                        name: "", state: .cooling(1_000),
                        models: [.init(name: Array("large".utf8), state: .out(status: 403, probeIn: 0))]),
                    .init(name: "b", state: .out(status: 0, probeIn: 60_000)), .init(name: "c", state: .usable),
                ], running: 3, concurrency: 20, maxConnections: 64, waiting: 1, firstToken: 412_499),
            ProviderStatus(name: "new", keys: [.init(name: nil, state: nil)], maxConnections: 1),
        ]
        let text = providers.map { provider in
            var writer = JSONWriter()
            provider.write(to: &writer)
            return String(decoding: writer.bytes, as: UTF8.self)
        }.joined(separator: ",")
        let expected =
            #"{"name":"openai","breaker":{"state":"open","seconds_left":3},"#
            + #""targets":[{"model":"mini","breaker":{"state":"half_open","seconds_left":null}}],"keys":["#
            + #"{"name":"api_key","state":"cooling","status":null,"seconds_left":1,"models":["#
            + #"{"model":"large","state":"out","status":403,"seconds_left":0}]},"#
            + #"{"name":"b","state":"out","status":null,"seconds_left":60,"models":[]},"#
            + #"{"name":"c","state":"usable","status":null,"seconds_left":null,"models":[]}],"#
            + #""running":3,"concurrency":20,"max_connections":64,"waiting":1,"first_token_ms":412},"#
            + #"{"name":"new","breaker":null,"targets":[],"keys":["#
            + #"{"name":null,"state":null,"status":null,"seconds_left":null,"models":[]}],"#
            + #""running":null,"concurrency":null,"max_connections":1,"waiting":null,"first_token_ms":null}"#
        #expect(text == expected)
    }
}
