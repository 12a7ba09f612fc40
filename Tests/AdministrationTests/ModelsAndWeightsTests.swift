import Cryptography
import Database
import Domain
import Foundation
import Identity
import JSON
import Testing

@testable import Administration

/// Models that keys and projects may use, and weights of projects: as operators set them, and as edges read them.
@Suite struct ModelsAndWeightsTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private func open() throws -> (store: AdministrationStore, service: AdministrationService) {
        let store = try AdministrationStore(stateDirectory: self.folder.path, clock: { 1_000 })
        return (store, AdministrationService(store: store, limits: LimitSettings()))
    }

    private func ask(
        _ service: AdministrationService, _ method: String, _ path: String, _ body: String = "{}"
    ) throws -> (status: Int64, body: JSONValue) {
        let text = service.answer(Array(#"{"method":"\#(method)","path":"/api/v1/\#(path)","body":\#(body)}"#.utf8))
        let answer = try JSONReader().read(text, maximumBytes: 2 << 20)
        return (try #require(answer["status"]?.integer), try #require(answer["body"]))
    }

    private func text(_ value: JSONValue?) -> String? { value?.string.map { String(decoding: $0, as: UTF8.self) } }

    private func models(_ value: JSONValue) -> [String]? {
        value["models"]?.array?.map { self.text($0) ?? "-" }
    }

    private func reading() throws -> IdentityReader {
        let reader = IdentityReader(stateDirectory: self.folder.path)
        try reader.refresh()
        return reader
    }

    private func bytes(_ models: [String]) -> [[UInt8]] { models.map { Array($0.utf8) } }

    @Test func aKeysListIsInForceWithItsAnswer() throws {
        let (_, service) = try self.open()
        let made = try self.ask(service, "POST", "keys", #"{"name":"a","models":["fast","openai:gpt-*"]}"#)
        #expect(made.status == 201)
        #expect(self.models(made.body) == ["fast", "openai:gpt-*"])
        let digest = try SHA256().digest(Array(try #require(self.text(made.body["key"])).utf8))
        let reader = try self.reading()
        #expect(try reader.row(for: digest)?.models == self.bytes(["fast", "openai:gpt-*"]))
        let path = "keys/\(try #require(self.text(made.body["id"])))"
        #expect(self.models(try self.ask(service, "GET", path).body) == ["fast", "openai:gpt-*"])
        // What does not name the list leaves it as it is.
        let renamed = try self.ask(service, "PATCH", path, #"{"name":"b","concurrency":2}"#)
        #expect(self.models(renamed.body) == ["fast", "openai:gpt-*"])
        let changed = try self.ask(service, "PATCH", path, #"{"models":["*"]}"#)
        #expect(self.models(changed.body) == ["*"])
        #expect(try reader.row(for: digest)?.models == self.bytes(["*"]))
        #expect(try reader.row(for: digest)?.limits[.concurrency] == 2)
        #expect(try self.ask(service, "PATCH", path, #"{"models":null}"#).body["models"] == .null)
        #expect(try reader.row(for: digest)?.models.isEmpty == true)
        #expect(try self.ask(service, "POST", "keys", #"{"name":"c"}"#).body["models"] == .null)
    }

    @Test func aProjectHasAListAndAWeight() throws {
        let (store, service) = try self.open()
        let made = try self.ask(service, "POST", "projects", #"{"name":"web","weight":3,"models":["deep"]}"#)
        #expect(made.status == 201)
        #expect(made.body["weight"]?.integer == 3)
        let id = try #require(self.text(made.body["id"]).flatMap { EntityID(text: $0, .project) })
        let reader = try self.reading()
        #expect(try reader.entity(.project, id) == EntityRow(weight: 3, models: self.bytes(["deep"])))
        let path = "projects/\(id.text(.project))"
        _ = try self.ask(service, "PATCH", path, #"{"weight":1000,"time_zone":"Asia/Kolkata"}"#)
        #expect(try reader.entity(.project, id)?.weight == 1000)
        #expect(try reader.entity(.project, id)?.models == self.bytes(["deep"]))
        #expect(try reader.entity(.project, id)?.timeZone?.name == "Asia/Kolkata")
        // Its limits are another resource's, and do not touch it.
        try store.setLimits(of: .project, id) { $0[.concurrency] = 4 }
        #expect(try reader.entity(.project, id)?.weight == 1000)
        // A whole number may be written with a point.
        #expect(try self.ask(service, "PATCH", path, #"{"weight":2.0}"#).body["weight"]?.integer == 2)
        let bare = try self.ask(service, "PATCH", path, #"{"weight":null,"models":null,"time_zone":null}"#)
        #expect(bare.body["weight"]?.integer == 1)
        #expect(bare.body["models"] == .null)
        #expect(try reader.entity(.project, id) == EntityRow(limits: LimitSet([.concurrency: 4])))
        // The projects that are there from the beginning have them too.
        _ = try self.ask(service, "PATCH", "projects/\(EntityID.anonymous.text(.project))", #"{"weight":2}"#)
        #expect(try reader.entity(.project, .anonymous)?.weight == 2)
        let found = try self.ask(service, "GET", "projects", #"{"name":"anonymous"}"#).body["data"]?.array
        #expect(found?.count == 1)
        #expect(found?.first?["weight"]?.integer == 2)
        #expect(try self.ask(service, "GET", "projects", #"{"name":"none"}"#).body["data"]?.array?.isEmpty == true)
    }

    @Test(arguments: [
        #"{"models":[]}"#, #"{"models":"fast"}"#, #"{"models":[1]}"#, #"{"models":[""]}"#, #"{"models":["a b"]}"#,
        #"{"models":["a*b*"]}"#, #"{"models":["a\n"]}"#, #"{"models":[null]}"#, #"{"models":{}}"#,
        #"{"weight":0}"#, #"{"weight":1001}"#, #"{"weight":-1}"#, #"{"weight":"3"}"#, #"{"weight":1.5}"#,
        #"{"weight":99999999999}"#, #"{"models":["a"],"models":["b"]}"#,
    ])
    func whatCannotBeIsRefused(_ body: String) throws {
        let (_, service) = try self.open()
        let path = "projects/\(EntityID.standard.text(.project))"
        #expect([400, 422].contains(try self.ask(service, "PATCH", path, body).status))
        let key = try self.ask(service, "POST", "keys", #"{"name":"a"}"#)
        let id = try #require(self.text(key.body["id"]))
        #expect([400, 422].contains(try self.ask(service, "PATCH", "keys/\(id)", body).status))
        #expect(try self.reading().entity(.project, .standard) == nil)
    }

    @Test func listsHaveBounds() throws {
        let (_, service) = try self.open()
        func body(_ entries: Int, _ bytes: Int) -> String {
            let entry = #""\#(String(repeating: "x", count: bytes))""#
            return
                #"{"name":"k\#(entries)","models":[\#([String](repeating: entry, count: entries).joined(separator: ","))]}"#
        }
        #expect(try self.ask(service, "POST", "keys", body(64, 256)).status == 201)
        #expect(try self.ask(service, "POST", "keys", body(65, 1)).status == 422)
        #expect(try self.ask(service, "POST", "keys", body(1, 257)).status == 422)
    }

    @Test(arguments: ["keys", "projects"]) func longListsGoIntoSeveralAnswers(_ kind: String) throws {
        let (_, service) = try self.open()
        // Escaped, each of these takes two bytes.
        let entry = #""\#(String(repeating: #"\""#, count: 256))""#
        let list = [String](repeating: entry, count: 64).joined(separator: ",")
        for number in 0..<40 {
            let made = try self.ask(service, "POST", kind, #"{"name":"n\#(number)","models":[\#(list)]}"#)
            #expect(made.status == 201)
        }
        var names: Set<String> = []
        var answers = 0
        var after = "{}"
        repeat {
            let answer = try self.ask(service, "GET", kind, after)
            #expect(answer.status == 200)
            for one in answer.body["data"]?.array ?? [] { names.insert(try #require(self.text(one["name"]))) }
            after = self.text(answer.body["next"]).map { #"{"after":"\#($0)"}"# } ?? ""
            answers += 1
        } while !after.isEmpty && answers < 100
        #expect(names.isSuperset(of: (0..<40).map { "n\($0)" }))
        #expect(answers > 1 && answers < 10)
    }

    @Test func everythingSurvivesALossOfTheTable() throws {
        let made = try self.ask(self.open().service, "POST", "keys", #"{"name":"a","models":["fast"]}"#)
        let project = try self.ask(
            self.open().service, "POST", "projects", #"{"name":"p","weight":7,"models":["b:*"]}"#)
        let digest = try SHA256().digest(Array(try #require(self.text(made.body["key"])).utf8))
        let id = try #require(self.text(project.body["id"]).flatMap { EntityID(text: $0, .project) })
        for _ in 0..<2 {
            _ = try self.open()
            let reader = try self.reading()
            #expect(try reader.row(for: digest)?.models == self.bytes(["fast"]))
            #expect(try reader.entity(.project, id) == EntityRow(weight: 7, models: self.bytes(["b:*"])))
            try FileManager.default.removeItem(atPath: "\(self.folder.path)/identity/identity.mdb")
        }
    }

    /// A file as the version before left it: everything is allowed, and every weight is 1.
    @Test func theSecondVersionIsBroughtUpToDate() throws {
        do {
            let database = try SQLiteDatabase(
                path: "\(self.folder.path)/control.db",
                options: SQLiteOptions(applicationID: ControlSchema.applicationID, erasesDeleted: true),
                migrations: Array(ControlSchema.migrations.prefix(2)))
            let id: SQL = "x'00000000000000000000000000000001'"
            for statement: SQL in [
                "INSERT INTO control(one, id, change_seq) VALUES (1, x'000102030405060708090A0B0C0D0E0F', 7)",
                "INSERT INTO organizations(id, name, created) VALUES (\(id), 'default', 1)",
                "INSERT INTO projects VALUES (\(id), \(id), 'default', 'Europe/Berlin', 1)",
                """
                INSERT INTO keys(id, project, name, digest, shown, created, change_seq) VALUES
                    (x'00000000000000000000000000000005', \(id), 'old',
                    x'0000000000000000000000000000000000000000000000000000000000000000', 'sk-sl-', 1, 7)
                """,
            ] { try database.execute(statement) }
        }
        let (store, _) = try self.open()
        #expect(try store.key(EntityID(high: 0, low: 5)).models.isEmpty)
        let projects = try store.projects()
        #expect(projects.map(\.weight) == [1])
        #expect(projects.map(\.models) == [[]])
        let changed = try store.updateProject(.standard) { $0.weight = 5 }
        #expect(changed.timeZone == "Europe/Berlin")
    }

    /// A list that somebody has written into the file by hand never allows more than it says.
    @Test(
        arguments: [
            "models = 'a b'", "models = ''", "models = x'FF'", "weight = 0", "weight = 70000",
        ] as [SQL])
    func aDamagedListIsAnErrorAndNotAllowedAll(_ assignment: SQL) throws {
        do { _ = try self.open() }
        do {
            let database = try SQLiteDatabase(
                path: "\(self.folder.path)/control.db",
                options: SQLiteOptions(applicationID: ControlSchema.applicationID, erasesDeleted: true),
                migrations: ControlSchema.migrations)
            try database.execute("UPDATE projects SET \(assignment) WHERE name = 'default'")
        }
        let (_, service) = try self.open()
        #expect(try self.ask(service, "GET", "projects").status == 503)
    }
}
