import Domain
import JSON
import Testing

@testable import Administration

@Suite struct TokensTests {
    private let scene: AdministrationScene

    init() throws {
        self.scene = try AdministrationScene()
    }

    @Test func shownOnceAndGoodAtOnce() throws {
        let made = try self.scene.ask(.post, "tokens", #"{"name":"ci","role":"admin"}"#)
        #expect(made.status == 201)
        let text = try #require(made.text("token"))
        #expect(text.hasPrefix("sluice-admin-") && text.utf8.count == 13 + 43)
        let id = try #require(made.text("id"))
        #expect(made.reply.location == "/api/v1/tokens/\(id)")
        #expect(made.reply.version == 1)
        #expect(made.body["organization"] == .null)
        let actor = try self.scene.service.actor(bearing: Secret(Array(text.utf8)))
        #expect(
            actor == .token(id: try #require(EntityID(text: id, .token)), name: "ci", role: .admin, organization: nil))
        // Neither the list nor the database has it.
        let listed = try self.scene.ask(.get, "tokens")
        #expect(listed.body["data"]?.array?.count == 1)
        #expect(!String(decoding: listed.reply.body, as: UTF8.self).contains(text))
        #expect(
            AdministrationScene.Answer.text(listed.body["data"]?.array?.first?["prefix"]) == String(text.prefix(19)))
        #expect(!String(decoding: self.scene.folder.read("state/control.db") ?? [], as: UTF8.self).contains(text))
        #expect(!String(decoding: self.scene.folder.read("state/control.db-wal") ?? [], as: UTF8.self).contains(text))
    }

    @Test func whatIsWrongWithATokenIsToldInTheSameWords() throws {
        let (revoked, revokedText) = try self.scene.token(.owner)
        #expect(try self.scene.ask(.delete, "tokens/\(revoked.id.text(.token))").status == 200)
        let expired = try self.scene.store.createToken(
            .init(name: "old", role: .owner, expires: self.scene.now + 1000), from: .person)
        let home = try self.scene.organization("gone")
        let (_, orphan) = try self.scene.token(.owner, in: home)
        #expect(try self.scene.ask(.delete, "orgs/\(home.text(.organization))").status == 204)
        _ = try self.scene.service.actor(bearing: expired.secret)
        self.scene.now += 1000
        var failures: Set<AdministrationFailure> = []
        let unknown = Secret(Array("sluice-admin-\(String(repeating: "A", count: 43))".utf8))
        for secret in [
            revokedText, expired.secret, orphan, unknown, Secret([]), Secret(Array("sk-sl-x".utf8)), Secret([0, 255]),
        ] {
            do throws(AdministrationFailure) {
                _ = try self.scene.service.actor(bearing: secret)
                Issue.record("a token that is not good")
            } catch {
                failures.insert(error)
            }
        }
        #expect(failures == [.unauthorized])
        #expect(AdministrationReply(.unauthorized).headers.contains { $0.name == "WWW-Authenticate" })
    }

    @Test func changedAndRevoked() throws {
        let (token, secret) = try self.scene.token(.viewer)
        let path = "tokens/\(token.id.text(.token))"
        #expect(try self.scene.ask(.patch, path, #"{"role":"member"}"#, match: "\"7\"").code == "version_mismatch")
        let changed = try self.scene.ask(
            .patch, path, #"{"role":"member","name":"new","expires":"2100-01-01"}"#, match: "\"1\"")
        #expect(changed.status == 200 && changed.reply.version == 2 && changed.text("role") == "member")
        #expect(changed.text("expires") == "2100-01-01T00:00:00.000Z")
        #expect(try self.scene.ask(.patch, path, #"{"expires":null}"#).body["expires"] == .null)
        #expect(try self.scene.ask(.patch, path, "{}").status == 200)
        guard case .token(_, "new", .member, nil) = try self.scene.service.actor(bearing: secret) else {
            Issue.record("the actor is another")
            return
        }
        #expect(try self.scene.ask(.delete, path).text("revoked") != nil)
        #expect(try self.scene.ask(.delete, path).status == 200)
        #expect(try self.scene.ask(.patch, path, #"{"name":"x"}"#).code == "token_revoked")
        let actions = try self.scene.ask(.get, "audit-log", #"{"kind":"token"}"#).body["data"]?.array ?? []
        #expect(
            actions.compactMap { AdministrationScene.Answer.text($0["action"]) }
                == ["revoke", "update", "update", "create"])
        #expect(!actions.isEmpty)
    }

    @Test func nobodyGivesMoreThanHeHas() throws {
        let home = try self.scene.organization("a")
        let other = try self.scene.organization("b")
        let (owner, _) = try self.scene.token(.owner, in: home)
        let (admin, _) = try self.scene.token(.admin, in: home)
        let (foreign, _) = try self.scene.token(.viewer, in: other)
        let (wide, _) = try self.scene.token(.viewer)
        func body(_ role: String, _ organization: String?) -> String {
            #"{"name":"x","role":"\#(role)"\#(organization.map { #","organization":\#($0)"# } ?? "")}"#
        }
        let made = try self.scene.ask(.post, "tokens", body("owner", nil), as: owner.actor)
        #expect(made.status == 201 && made.text("organization") == home.text(.organization))
        #expect(try self.scene.ask(.post, "tokens", body("viewer", "null"), as: owner.actor).status == 403)
        let there = "\"\(other.text(.organization))\""
        #expect(try self.scene.ask(.post, "tokens", body("viewer", there), as: owner.actor).code == "not_found")
        #expect(try self.scene.ask(.post, "tokens", body("viewer", nil), as: admin.actor).status == 403)
        let absent = "\"\(EntityID(high: 9, low: 9).text(.organization))\""
        #expect(try self.scene.ask(.post, "tokens", body("viewer", absent)).code == "not_found")
        // What is absent, another's and everybody's are the same.
        var bodies: Set<[UInt8]> = []
        for id in [EntityID(high: 9, low: 9), foreign.id, wide.id] {
            for method in [AdministrationRequest.Method.get, .delete, .patch] {
                let answer = try self.scene.ask(method, "tokens/\(id.text(.token))", as: owner.actor)
                #expect(answer.status == 404)
                bodies.insert(answer.reply.body)
            }
        }
        #expect(bodies.count == 1)
        let seen = try self.scene.ask(.get, "tokens", as: owner.actor).body["data"]?.array ?? []
        #expect(seen.allSatisfy { AdministrationScene.Answer.text($0["organization"]) == home.text(.organization) })
        #expect(seen.count == 3)
        #expect(try self.scene.ask(.get, "tokens", "{\"org\":\(there)}", as: owner.actor).status == 404)
        // A wide admin changes no tokens, and a wide owner all.
        let (wideOwner, _) = try self.scene.token(.owner)
        #expect(try self.scene.ask(.delete, "tokens/\(foreign.id.text(.token))", as: wideOwner.actor).status == 200)
    }

    @Test func noTokenOutlivesTheOneThatMadeIt() throws {
        let end = self.scene.now + 86_400_000
        let ending = try self.scene.store.createToken(
            .init(name: "ending", role: .owner, expires: end), from: .person
        ).record
        let own = "tokens/\(ending.id.text(.token))"
        for body in [#"{"expires":null}"#, #"{"expires":"2100-01-01"}"#] {
            let refused = try self.scene.ask(.patch, own, body, as: ending.actor)
            #expect(refused.status == 403 && refused.field == "expires")
        }
        #expect(
            try self.scene.ask(.post, "tokens", #"{"name":"x","role":"viewer","expires":null}"#, as: ending.actor)
                .status == 403)
        // Where nothing is said of an end it is the same one; an earlier one can be given.
        let made = try self.scene.ask(.post, "tokens", #"{"name":"x","role":"viewer"}"#, as: ending.actor)
        #expect(made.status == 201 && made.text("expires") == TimeText.text(milliseconds: end))
        let earlier = TimeText.text(milliseconds: end - 1000)
        #expect(try self.scene.ask(.patch, own, "{\"expires\":\"\(earlier)\"}", as: ending.actor).status == 200)
        // What has no end may be given none; and other changes do not ask.
        let (free, _) = try self.scene.token(.owner)
        #expect(try self.scene.ask(.patch, own, #"{"expires":null}"#, as: free.actor).status == 200)
    }

    @Test func listsHavePages() throws {
        for _ in 0..<5 { _ = try self.scene.token(.viewer) }
        var ids: [String] = []
        var query = #"{"limit":2}"#
        for _ in 0..<4 {
            let page = try self.scene.ask(.get, "tokens", query)
            ids += (page.body["data"]?.array ?? []).compactMap { AdministrationScene.Answer.text($0["id"]) }
            guard let next = page.text("next") else { break }
            query = #"{"limit":2,"after":"\#(next)"}"#
        }
        #expect(ids.count == 5 && Set(ids).count == 5 && ids == ids.sorted())
        #expect(try self.scene.ask(.get, "tokens", #"{"after":"x"}"#).field == "after")
    }
}
