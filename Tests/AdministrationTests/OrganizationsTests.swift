import Domain
import JSON
import Testing

@testable import Administration

@Suite struct OrganizationsTests {
    private let scene: AdministrationScene

    init() throws {
        self.scene = try AdministrationScene()
    }

    @Test func madeListedChangedAndDeleted() throws {
        let made = try self.scene.ask(.post, "orgs", #"{"name":"Ärzte","metadata":{"crm":"42"}}"#)
        #expect(made.status == 201 && made.reply.version == 1)
        let path = "orgs/\(try #require(made.text("id")))"
        #expect(made.reply.location == "/api/v1/\(path)")
        #expect(try self.scene.ask(.post, "orgs", #"{"name":"Ärzte"}"#).code == "name_taken")
        #expect(try self.scene.ask(.get, "orgs").body["data"]?.array?.count == 2)
        #expect(try self.scene.ask(.get, "orgs", #"{"name":"Ärzte"}"#).body["data"]?.array?.count == 1)
        let changed = try self.scene.ask(
            .patch, path, #"{"name":"B","metadata":{"crm":null,"x":"y"}}"#, match: "\"1\"")
        #expect(changed.reply.version == 2 && changed.text("name") == "B")
        #expect(changed.body["metadata"]?["crm"] == nil)
        #expect(AdministrationScene.Answer.text(changed.body["metadata"]?["x"]) == "y")
        #expect(try self.scene.ask(.patch, path, #"{"name":"C"}"#, match: "\"1\"").status == 412)
        #expect(try self.scene.ask(.patch, path, "{}").reply.version == 2)
        #expect(try self.scene.ask(.delete, path, match: "\"1\"").status == 412)
        #expect(try self.scene.ask(.delete, path).status == 204)
        #expect(try self.scene.ask(.get, path).status == 404)
        #expect(try self.scene.ask(.delete, path).status == 404)
        let standard = "orgs/\(EntityID.standard.text(.organization))"
        #expect(try self.scene.ask(.delete, standard).status == 409)
        let log = try self.scene.ask(.get, "audit-log", #"{"kind":"organization"}"#).body["data"]?.array ?? []
        #expect(log.compactMap { AdministrationScene.Answer.text($0["action"]) } == ["delete", "update", "create"])
        #expect(log.last?["before"] == .null)
        #expect(AdministrationScene.Answer.text(log.first?["address"]) == "192.0.2.1")
        #expect(AdministrationScene.Answer.text(log[1]["before"]?["name"]) == "Ärzte")
        #expect(AdministrationScene.Answer.text(log[1]["after"]?["name"]) == "B")
    }

    @Test func tokensOfOneSeeNoOther() throws {
        let home = try self.scene.organization("a")
        let other = try self.scene.organization("b")
        let (owner, _) = try self.scene.token(.owner, in: home)
        let (viewer, _) = try self.scene.token(.viewer, in: home)
        let seen = try self.scene.ask(.get, "orgs", as: viewer.actor).body["data"]?.array ?? []
        #expect(seen.count == 1)
        var bodies: Set<[UInt8]> = []
        for id in [other, EntityID(high: 9, low: 9)] {
            for method in [AdministrationRequest.Method.get, .patch, .delete] {
                let answer = try self.scene.ask(method, "orgs/\(id.text(.organization))", as: owner.actor)
                #expect(answer.status == 404)
                bodies.insert(answer.reply.body)
            }
        }
        #expect(bodies.count == 1)
        let path = "orgs/\(home.text(.organization))"
        #expect(try self.scene.ask(.get, path, as: viewer.actor).status == 200)
        #expect(try self.scene.ask(.patch, path, #"{"name":"x"}"#, as: viewer.actor).status == 403)
        #expect(try self.scene.ask(.patch, path, #"{"name":"x"}"#, as: owner.actor).status == 200)
        #expect(try self.scene.ask(.post, "orgs", #"{"name":"y"}"#, as: owner.actor).status == 403)
        // And of the log only what is theirs.
        let (admin, _) = try self.scene.token(.admin, in: home)
        let log = try self.scene.ask(.get, "audit-log", as: admin.actor).body["data"]?.array ?? []
        #expect(!log.isEmpty)
        #expect(log.allSatisfy { AdministrationScene.Answer.text($0["organization"]) == home.text(.organization) })
        #expect(try self.scene.ask(.get, "audit-log", as: viewer.actor).status == 403)
        #expect(
            try self.scene.ask(.get, "audit-log", "{\"org\":\"\(other.text(.organization))\"}", as: admin.actor).status
                == 404)
    }

    @Test func theLogHasFiltersAndPages() throws {
        let start = self.scene.now
        for number in 0..<5 {
            _ = try self.scene.organization("o\(number)")
            self.scene.now += 1000
        }
        func found(_ query: String) throws -> [Int64] {
            (try self.scene.ask(.get, "audit-log", query).body["data"]?.array ?? []).compactMap {
                $0["number"]?.integer
            }
        }
        let all = try found("{}")
        #expect(all.count == 5 && all == all.sorted(by: >))
        #expect(try found(#"{"limit":2}"#) == Array(all[..<2]))
        #expect(try found(#"{"limit":2,"after":"\#(all[1])"}"#) == Array(all[2..<4]))
        #expect(try found(#"{"since":"\#(TimeText.text(milliseconds: start + 1000))"}"#).count == 4)
        #expect(try found(#"{"until":"\#(TimeText.text(milliseconds: start + 1000))"}"#).count == 1)
        #expect(try found(#"{"actor":"uid:0"}"#).count == 5)
        #expect(try found(#"{"actor":"uid:1"}"#).isEmpty)
        #expect(try found(#"{"kind":"key"}"#).isEmpty)
        for query in [#"{"after":"0"}"#, #"{"after":"01"}"#, #"{"kind":"pig"}"#, #"{"limit":201}"#, #"{"org":"x"}"#] {
            #expect(try self.scene.ask(.get, "audit-log", query).status == 422)
        }
    }

    @Test(arguments: [
        (#"{"metadata":{"a b":"x"}}"#, 422, "metadata.a b"), (#"{"metadata":{"a":1}}"#, 400, "metadata.a"),
        (#"{"metadata":{"":"x"}}"#, 422, "metadata."), (#"{"metadata":[]}"#, 400, "metadata"),
        (#"{"metadata":{"a":"x","a":"y"}}"#, 400, "metadata.a"), (#"{"name":null}"#, 400, "name"),
        (#"{"name":" a"}"#, 422, "name"), (#"{"name":"a\u0000b"}"#, 422, "name"), (#"{"colour":1}"#, 400, "colour"),
    ])
    func whatIsWrongIsNamed(_ body: String, _ status: Int, _ field: String) throws {
        let path = "orgs/\(try self.scene.organization("o").text(.organization))"
        let answer = try self.scene.ask(.patch, path, body)
        #expect(answer.status == status && answer.field == field)
    }

    @Test func limitsOfAKey() throws {
        let made = try self.scene.ask(.post, "keys", #"{"name":"k","concurrency":3}"#)
        let path = "limits/\(try #require(made.text("id")))"
        func own(_ answer: AdministrationScene.Answer, _ name: String) -> JSONValue? {
            (answer.body["limits"]?.array ?? []).first { AdministrationScene.Answer.text($0["name"]) == name }?["own"]
        }
        let shown = try self.scene.ask(.get, path)
        #expect(shown.status == 200 && own(shown, "concurrency")?.integer == 3)
        let version = try #require(shown.reply.version)
        let changed = try self.scene.ask(.patch, path, #"{"cost_daily":"1.5"}"#, match: "\"\(version)\"")
        #expect(own(changed, "concurrency")?.integer == 3)
        #expect(AdministrationScene.Answer.text(own(changed, "cost_daily")) == "1.50")
        #expect(try self.scene.ask(.patch, path, #"{"concurrency":1}"#, match: "\"\(version)\"").status == 412)
        let replaced = try self.scene.ask(.put, path, #"{"tokens_daily":9}"#)
        #expect(own(replaced, "concurrency") == .null && own(replaced, "tokens_daily")?.integer == 9)
        #expect(try self.scene.ask(.put, path, #"{"tokens_daily":-1}"#).field == "tokens_daily")
        // Another organization's is absent.
        let (foreign, _) = try self.scene.token(.owner, in: self.scene.organization("b"))
        let absent = "limits/\(EntityID(high: 9, low: 9).text(.key))"
        for method in [AdministrationRequest.Method.get, .patch, .put] {
            let answer = try self.scene.ask(method, path, as: foreign.actor)
            #expect(answer.status == 404)
            #expect(try self.scene.ask(method, absent, as: foreign.actor).reply.body == answer.reply.body)
        }
        #expect(try self.scene.ask(.get, "limits", #"{"global":true}"#, as: foreign.actor).status == 403)
        // What an organization may use is said by who sees all of them, and seen by itself.
        let home = foreign.organization?.text(.organization) ?? ""
        let limits = #"{"organization":"\#(home)"}"#
        #expect(try self.scene.ask(.get, "limits", limits, as: foreign.actor).status == 200)
        let raised = #"{"organization":"\#(home)","concurrency":9}"#
        #expect(try self.scene.ask(.patch, "limits", raised, as: foreign.actor).status == 403)
        #expect(try self.scene.ask(.delete, "limits", limits, as: foreign.actor).status == 403)
        #expect(try self.scene.ask(.patch, "limits", raised).status == 200)
        let (viewer, _) = try self.scene.token(.viewer, in: .standard)
        #expect(try self.scene.ask(.get, path, as: viewer.actor).status == 200)
        #expect(try self.scene.ask(.put, path, as: viewer.actor).status == 403)
    }

    @Test func metadataHasBounds() throws {
        let path = "orgs/\(try self.scene.organization("o").text(.organization))"
        func ask(_ count: Int, _ value: String) throws -> Int {
            let members = (0..<count).map { #""m\#($0)":"\#(value)""# }.joined(separator: ",")
            return try self.scene.ask(.patch, path, #"{"metadata":{\#(members)}}"#).status
        }
        #expect(try ask(32, String(repeating: "x", count: 512)) == 200)
        #expect(try ask(33, "x") == 422)
        #expect(try ask(1, String(repeating: "x", count: 513)) == 422)
        #expect(try ask(1, String(repeating: "🐟", count: 128)) == 200)
        #expect(try ask(1, String(repeating: "🐟", count: 129)) == 422)
    }
}
