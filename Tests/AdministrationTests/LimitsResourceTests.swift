import Cryptography
import Domain
import Foundation
import Identity
import JSON
import Limits
import Testing

@testable import Administration

@Suite struct LimitsResourceTests {
    /// 22 November 2026, 12:00 UTC
    private static let now: UInt64 = 1_795_348_800_000
    private let folder: TemporaryFolder
    private let store: AdministrationStore
    private let service: AdministrationService

    init() throws {
        self.folder = try TemporaryFolder()
        try self.folder.makeFolder("limits", mode: 0o700)
        self.store = try AdministrationStore(stateDirectory: self.folder.path, clock: { Self.now })
        var settings = LimitSettings()
        settings.perKey = LimitSet([.requestsPerMinute: 60])
        settings.perAddress = LimitSet([.requestsPerMinute: 600])
        settings.global = LimitSet([.monthlyCost: 1_000_000_000_000])
        settings.models = [.init(name: Array("fast".utf8), limits: LimitSet([.concurrency: 3]))]
        settings.anonymous.limits = LimitSet([.dailyTokens: 100])
        self.service = AdministrationService(store: self.store, limits: settings)
    }

    private func ask(_ method: AdministrationRequest.Method, _ body: String) throws -> (status: Int, body: JSONValue) {
        let fields = try JSONReader().read(Array(body.utf8), maximumBytes: 1 << 20)
        guard case .object(let members) = fields else { throw CocoaError(.coderInvalidValue) }
        let reply = self.service.reply(to: AdministrationRequest(method: method, path: ["limits"], body: members))
        return (reply.status, try JSONReader().read(reply.body, maximumBytes: 1 << 20))
    }

    private func text(_ value: JSONValue?) -> String? { value?.string.map { String(decoding: $0, as: UTF8.self) } }

    private func row(_ answer: (status: Int, body: JSONValue), _ kind: LimitKind) throws -> JSONValue {
        #expect(answer.status == 200)
        let rows = try #require(answer.body["limits"]?.array)
        #expect(rows.count == LimitKind.allCases.count)
        return try #require(rows.first { self.text($0["name"]) == "\(kind.name)" })
    }

    private func code(_ answer: (status: Int, body: JSONValue)) -> String? {
        self.text(answer.body["error"]?["code"])
    }

    private func reading() throws -> IdentityReader {
        let reader = IdentityReader(stateDirectory: self.folder.path)
        try reader.refresh()
        return reader
    }

    /// A table in which two requests of a key were counted, one of them still running.
    private func makeTable(_ id: EntityID, _ scope: LimitScope = .key, zone: TimeZoneRules = .utc) throws -> LimitOwner
    {
        let table = try LimitTable.create(
            "\(self.folder.path)/limits/limits.table", shape: LimitTableShape(slots: 1024, places: 4),
            boot: try BootID.current(), wall: Self.now)
        try table.publish()
        let owner = LimitOwner(table)
        #expect(owner.join(1) != nil)
        let entry = LimitDemand.Entry(
            key: LimitKey(scope, id), scope: scope, limits: LimitSet(),
            periods: CalendarPeriods(at: Int64(Self.now / 1000), in: zone))
        let demand = LimitDemand(entries: [entry], tokens: 100, cost: 5_000_000)
        let time = LimitTime(window: table.windowTime(), wall: Int64(Self.now / 1000))
        var holds: [LimitHold] = []
        for number in 1...2 {
            guard
                case .admitted(let hold, _) = owner.admit(
                    demand, record: RecordID(high: 1, low: UInt64(number)), at: time)
            else { throw CocoaError(.featureUnsupported) }
            holds.append(hold)
        }
        owner.settle(holds[0], [entry], tokens: 30, cost: 1_500_000_001, softPercent: 80, at: time)
        return owner
    }

    @Test func everythingOfAKeyIsShown() throws {
        let key = try self.store.createKey(.init(name: "ci", limits: LimitSet([.monthlyCost: 50_000_000_000]))).record
        let owner = try self.makeTable(key.id)
        for name in ["ci", key.id.text(.key)] {
            let answer = try self.ask(.get, #"{"key":"\#(name)"}"#)
            #expect(self.text(answer.body["scope"]) == "key")
            #expect(self.text(answer.body["id"]) == key.id.text(.key))
            #expect(self.text(answer.body["name"]) == "ci")
            #expect(self.text(answer.body["time_zone"]) == "UTC")
            #expect(answer.body["counted"] == .bool(true))
            let minute = try self.row(answer, .requestsPerMinute)
            #expect(minute["limit"]?.integer == 60 && minute["own"] == .null)
            #expect(minute["used"]?.integer == 2 && minute["remaining"]?.integer == 58)
            #expect((1...120).contains(try #require(minute["reset_seconds"]?.integer)))
            let cost = try self.row(answer, .monthlyCost)
            #expect(self.text(cost["unit"]) == "usd")
            #expect(self.text(cost["limit"]) == "50.00" && self.text(cost["own"]) == "50.00")
            #expect(self.text(cost["used"]) == "1.500000001" && self.text(cost["held"]) == "0.005")
            #expect(self.text(cost["remaining"]) == "48.494999999")
            // Until 1 December, 00:00 UTC.
            #expect(cost["reset_seconds"]?.integer == 734_400)
            let running = try self.row(answer, .concurrency)
            #expect(running["held"]?.integer == 1 && running["limit"] == .null && running["reset_seconds"] == .null)
            let total = try self.row(answer, .totalTokens)
            #expect(total["used"]?.integer == 30 && total["held"]?.integer == 100)
            #expect(total["limit"] == .null && total["remaining"] == .null && total["reset_seconds"] == .null)
        }
        #expect(owner.openHolds == 1)
    }

    @Test func limitsAreSetInForceAtOnceAndClearedAgain() throws {
        let (key, secret) = try self.store.createKey(.init(name: "ci"))
        let identities = try self.reading()
        let digest = try secret.withBytes { try SHA256().digest($0) }
        var answer = try self.ask(
            .patch, #"{"key":"ci","requests_per_minute":"unlimited","cost_daily":"0.000000001","tokens_per_day":7}"#)
        #expect(self.text(try self.row(answer, .requestsPerMinute)["own"]) == "unlimited")
        #expect(try self.row(answer, .requestsPerMinute)["limit"] == .null)
        #expect(self.text(try self.row(answer, .dailyCost)["limit"]) == "0.000000001")
        #expect(
            try identities.row(for: digest)?.limits
                == LimitSet([.requestsPerMinute: LimitSet.unlimited, .dailyCost: 1, .tokensPerDay: 7]))
        answer = try self.ask(.patch, #"{"key":"\#(key.id.text(.key))","requests_per_minute":null,"cost_daily":3}"#)
        #expect(try self.row(answer, .requestsPerMinute)["limit"]?.integer == 60)
        #expect(try identities.row(for: digest)?.limits == LimitSet([.dailyCost: 3_000_000_000, .tokensPerDay: 7]))
        #expect(try self.ask(.delete, #"{"key":"ci"}"#).status == 200)
        #expect(try identities.row(for: digest)?.limits.isEmpty == true)
        _ = try self.store.revokeKey(key.id)
        #expect(self.code(try self.ask(.patch, #"{"key":"\#(key.id.text(.key))","concurrency":1}"#)) == "key_revoked")
        #expect(self.code(try self.ask(.get, #"{"key":"ci"}"#)) == "not_found")
        #expect(try self.ask(.get, #"{"key":"\#(key.id.text(.key))"}"#).status == 200)
    }

    @Test func projectsOrganizationsUsersAndTheStaticKey() throws {
        let project = try self.store.createProject(.init(name: "web", timeZone: "Europe/Berlin"))
        let user = EntityID(high: 5, low: 6)
        let identities = try self.reading()
        for (member, scope, id) in [
            (#""project":"web""#, LimitScope.project, project.id),
            (#""project":"\#(project.id.text(.project))""#, .project, project.id),
            (#""organization":"default""#, .organization, .standard),
            (#""organization":"\#(EntityID.standard.text(.organization))""#, .organization, .standard),
            (#""user":"\#(user.text(.user))""#, .user, user), (#""key":"static""#, .key, .standard),
            (#""key":"static","project":"default""#, .key, .standard),
        ] {
            let answer = try self.ask(.patch, "{\(member),\"tokens_monthly\":9}")
            #expect(try self.row(answer, .monthlyTokens)["limit"]?.integer == 9)
            #expect(try identities.entity(scope, id)?.limits == LimitSet([.monthlyTokens: 9]))
            #expect(try identities.entity(scope, id)?.timeZone?.name == (scope == .project ? "Europe/Berlin" : nil))
            #expect(self.text(answer.body["time_zone"]) == (scope == .project ? "Europe/Berlin" : "UTC"))
            #expect(try self.ask(.delete, "{\(member)}").status == 200)
            #expect(try identities.entity(scope, id)?.limits.isEmpty ?? true)
            #expect((try identities.entity(scope, id) != nil) == (scope == .project))
        }
        // The default of keys is that of the static key too; nobody else has one.
        #expect(try self.row(self.ask(.get, #"{"key":"static"}"#), .requestsPerMinute)["limit"]?.integer == 60)
        #expect(try self.row(self.ask(.get, #"{"project":"web"}"#), .requestsPerMinute)["limit"] == .null)
        // Midnight in Berlin comes an hour before that of UTC.
        let day = try self.row(self.ask(.get, #"{"project":"web"}"#), .dailyCost)
        #expect(day["reset_seconds"]?.integer == 39_600)
    }

    @Test func whatStandsInTheConfigurationIsShownOnly() throws {
        _ = try self.makeTable(EntityID(high: 1, low: 1))
        for (member, kind, limit) in [
            (#""global":true"#, LimitKind.monthlyCost, "1000.00"), (#""model":"fast""#, .concurrency, "3"),
            (#""ip":"192.0.2.1""#, .requestsPerMinute, "600"), (#""anonymous":"2001:db8::1""#, .dailyTokens, "100"),
        ] {
            let answer = try self.ask(.get, "{\(member)}")
            let row = try self.row(answer, kind)
            #expect(self.text(row["limit"]) ?? row["limit"]?.integer.map { String($0) } == limit)
            #expect(answer.body["counted"] == .bool(true))
            #expect(self.code(try self.ask(.patch, "{\(member),\"concurrency\":1}")) == "in_configuration")
            #expect(self.code(try self.ask(.delete, "{\(member)}")) == "in_configuration")
        }
        // Without a limit it is not counted.
        let other = try self.ask(.get, #"{"model":"other"}"#)
        #expect(other.body["counted"] == .bool(false))
        #expect(try self.row(other, .requestsPerMinute)["used"] == .null)
        #expect(self.text(try self.ask(.get, #"{"ip":"2001:db8:1:2:3::4"}"#).body["name"]) == "2001:db8:1:2::/64")
        #expect(self.text(try self.ask(.get, #"{"ip":"::ffff:192.0.2.1"}"#).body["name"]) == "192.0.2.1")
    }

    @Test func withoutATableThereAreNoFigures() throws {
        func check(_ isCounted: Bool) throws {
            let answer = try self.ask(.get, #"{"key":"static"}"#)
            #expect(answer.body["counted"] == .bool(isCounted))
            let row = try self.row(answer, .requestsPerMinute)
            #expect(row["limit"]?.integer == 60)
            #expect(
                row["used"]?.integer == (isCounted ? 0 : nil) && row["remaining"]?.integer == (isCounted ? 60 : nil))
        }
        try check(false)
        let path = "\(self.folder.path)/limits/limits.table"
        let boot = BootID(high: 1, low: 2)
        try LimitTable.create(path, shape: LimitTableShape(slots: 1024, places: 4), boot: boot).publish()
        try check(false)
        try FileManager.default.removeItem(atPath: path)
        _ = try self.makeTable(EntityID(high: 1, low: 1))
        try check(true)
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: path))
        #expect(self.code(try self.ask(.get, #"{"key":"static"}"#)) == "storage_failed")
    }

    @Test(arguments: [
        ("{}", "invalid_request"), (#"{"key":"a","global":true}"#, "invalid_request"),
        (#"{"project":"a","model":"b"}"#, "invalid_request"), (#"{"global":"yes"}"#, "invalid_request"),
        (#"{"global":false}"#, "invalid_request"), (#"{"ip":"localhost"}"#, "not_found"),
        (#"{"ip":"1.2.3.4/8"}"#, "not_found"), (#"{"user":"bob"}"#, "not_found"),
        (#"{"key":"nobody"}"#, "not_found"), (#"{"key":"static","project":"web"}"#, "not_found"),
        (#"{"project":"nobody"}"#, "not_found"), (#"{"organization":"nobody"}"#, "not_found"),
        (#"{"organization":"org_0000000000000000000000000000000f"}"#, "not_found"),
        (#"{"key":"static","requests_per_minute":1}"#, "invalid_request"),
    ])
    func whoIsMeantIsReadStrictly(_ body: String, _ code: String) throws {
        #expect(self.code(try self.ask(.get, body)) == code)
    }

    @Test(arguments: [
        #""concurrency":-1"#, #""concurrency":1.5"#, #""concurrency":"5""#, #""cost_daily":1.5"#,
        #""cost_daily":"1e3""#,
        #""cost_daily":"-1""#, #""monthly_tokens":5"#, #""tokens_total":1000000000000001"#, #""scope":"key""#,
    ])
    func valuesAreReadStrictly(_ member: String) throws {
        #expect([400, 422].contains(try self.ask(.patch, #"{"key":"static",\#(member)}"#).status))
        #expect(try self.reading().entity(.key, .standard) == nil)
    }

    @Test func addressesAreCountedAsEdgesDo() {
        #expect(CountedAddress("1.2.3.4")?.bits == 0xFFFF_0102_0304)
        #expect(CountedAddress("::ffff:1.2.3.4")?.bits == 0xFFFF_0102_0304)
        #expect(CountedAddress("2001:db8:1:2:3:4:5:6")?.bits == 0x2001_0DB8_0001_0002)
        for text in ["", "1.2.3", "1.2.3.4:5", "[::1]", "fe80::1%eth0", "1.2.3.4\u{0}"] {
            #expect(CountedAddress(text) == nil)
        }
    }
}
