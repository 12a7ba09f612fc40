import Catalogue
import Configuration
import Domain
import JSON
import Testing

@testable import Administration
@testable import ControlPlane

@Suite struct CatalogueResourceTests {
    private func names(_ reply: AdministrationReply) -> [String] {
        (reply.json["data"]?.array ?? []).map { String(decoding: $0["model"]?.string ?? [], as: UTF8.self) }
    }

    @Test func theFirstOfAFileIsAppliedAndTheNextWaits() throws {
        let scene = try CatalogueScene()
        #expect(try scene.ask(.get).json["in_force"] == .null)
        #expect(try scene.ask(.get, "diff").code == "no_candidate")
        #expect(try scene.ask(.post, "apply").code == "no_candidate")
        guard case .applied(3, let counts) = scene.intake().take(Array(CatalogueScene.old.utf8)) else {
            Issue.record("it was not applied")
            return
        }
        #expect((counts.added, counts.removed, counts.changed) == (3, 0, 0))
        #expect(scene.intake().take(Array(CatalogueScene.old.utf8)) == .same)
        #expect(
            scene.intake().take(Array("[]".utf8)) == .failed("it is not a JSON object with a member for each model"))
        guard case .waits(4, _) = scene.intake().take(Array(CatalogueScene.new.utf8)) else {
            Issue.record("it does not wait")
            return
        }
        let shown = try scene.ask(.get)
        #expect(shown.json["in_force"]?["models"]?.integer == 3 && shown.json["candidate"]?["changed"]?.integer == 2)
        #expect(shown.json["candidate"]?["notes"]?["unknown"]?.array?.count == 1)
        #expect(shown.json["in_force"]?["actor"]?.string.map { $0.elementsEqual("gateway".utf8) } == true)
        #expect(shown.headers.first { $0.name == "ETag" }?.value.count == 66)
    }

    /// Only what a file says at the very first start is applied by itself.
    @Test func whatAURLSaysWaitsAlsoTheFirstTime() throws {
        let scene = try CatalogueScene()
        guard case .waits = scene.intake(url: "https://x/p").take(Array(CatalogueScene.old.utf8)) else {
            Issue.record("it does not wait")
            return
        }
        guard case .applied = scene.intake(appliesItself: true, url: "https://x/p").take(Array(CatalogueScene.old.utf8))
        else {
            Issue.record("it was not applied")
            return
        }
    }

    @Test func theDifferenceIsShownAndApplied() throws {
        let scene = try CatalogueScene()
        _ = scene.intake().take(Array(CatalogueScene.old.utf8))
        _ = scene.intake().take(Array(CatalogueScene.new.utf8))
        try scene.follow()
        let all = try scene.ask(.get, "diff")
        #expect(self.names(all) == ["azure/gpt-x", "gone", "gpt-x", "gpt-y", "novita/z"])
        let changed = try #require(all.json["data"]?.array?[2])
        #expect(changed["targets"] == .array([.string(Array("openai:gpt-x".utf8))]))
        #expect(
            changed["fields"]?.array?.map { $0["field"]?.string ?? [] } == [
                Array("input_cost_per_token".utf8), Array("max_output_tokens".utf8),
            ])
        #expect(changed["fields"]?.array?[0]["old"] == .string(Array("1".utf8)))
        #expect(changed["fields"]?.array?[0]["new"] == .string(Array("0.5".utf8)))
        #expect(self.names(try scene.ask(.get, "diff", body: #"{"configured": true}"#)) == ["gone", "gpt-x", "gpt-y"])
        #expect(self.names(try scene.ask(.get, "diff", body: #"{"only": "azure:*"}"#)) == ["azure/gpt-x"])
        #expect(self.names(try scene.ask(.get, "diff", body: #"{"only": "*/z"}"#)) == ["novita/z"])
        #expect(try scene.ask(.get, "diff", body: #"{"only": "a*b*c"}"#).status == 422)
        // Page by page.
        var found: [String] = []
        var after: String?
        repeat {
            let page = try scene.ask(
                .get, "diff", body: after.map { #"{"limit": 2, "after": "\#($0)"}"# } ?? #"{"limit": 2}"#)
            found += self.names(page)
            after = page.json["next"]?.string.map { String(decoding: $0, as: UTF8.self) }
        } while after != nil
        #expect(found == self.names(all))

        // A part.
        let before = try scene.objects.store.objectsNumber()
        let part = try scene.ask(.post, "apply", body: #"{"only": "azure/*"}"#)
        #expect(part.status == 200 && part.json["changed"]?.integer == 1 && part.json["in_force"] == .bool(true))
        #expect(part.sequel != nil)
        #expect(try scene.objects.store.objectsNumber() == before + 1)
        #expect(self.names(try scene.ask(.get, "diff")) == ["gone", "gpt-x", "gpt-y", "novita/z"])

        // What was looked at, and nothing else.
        let digest = try #require(all.tag)
        #expect(try scene.ask(.post, "apply", ifMatch: "\"\(String(repeating: "0", count: 64))\"").status == 412)
        #expect(
            try scene.ask(.post, "apply", body: #"{"digest": "\#(String(repeating: "0", count: 64))"}"#).status == 412)
        #expect(try scene.ask(.post, "apply", body: #"{"digest": "ff"}"#).status == 422)
        let whole = try scene.ask(.post, "apply", body: #"{"digest": "\#(digest)"}"#, ifMatch: "\"\(digest)\"")
        #expect(whole.status == 200 && whole.json["models"]?.integer == 4 && whole.json["removed"]?.integer == 1)
        #expect(try scene.ask(.get, "diff").json["data"]?.array?.isEmpty == true)
        let number = try scene.objects.store.objectsNumber()
        let again = try scene.ask(.post, "apply")
        #expect(again.status == 200 && again.sequel == nil && again.json["in_force"] == .bool(true))
        #expect(try scene.objects.store.objectsNumber() == number)
        #expect(self.names(try scene.ask(.get, "models")) == ["azure/gpt-x", "gpt-x", "gpt-y", "novita/z"])
        #expect(
            self.names(try scene.ask(.get, "models", body: #"{"search": "GPT-", "configured": true}"#)) == [
                "gpt-x", "gpt-y",
            ])
        #expect(self.names(try scene.ask(.get, "models", body: #"{"provider": "novita"}"#)) == ["novita/z"])
    }

    @Test func whoMayDoWhat() throws {
        let scene = try CatalogueScene()
        _ = scene.intake().take(Array(CatalogueScene.old.utf8))
        _ = scene.intake().take(Array(CatalogueScene.new.utf8))
        let viewer = AdministrationActor.token(
            id: EntityID(high: 1, low: 1), name: "v", role: .viewer, organization: nil)
        let foreigner = AdministrationActor.token(
            id: EntityID(high: 1, low: 2), name: "f", role: .owner, organization: .standard)
        for path in [[], ["diff"], ["models"]] as [[String]] {
            func asked(_ actor: AdministrationActor) throws -> Int {
                switch path.first {
                case nil: try scene.ask(.get, actor: actor).status
                case let name?: try scene.ask(.get, name, actor: actor).status
                }
            }
            #expect(try asked(viewer) == 200)
            #expect(try asked(foreigner) == 403)
        }
        #expect(try scene.ask(.post, "apply", actor: viewer).status == 403)
        #expect(try scene.ask(.post, "apply", actor: foreigner).status == 403)
    }

    /// Every answer is of the shape that /openapi.json promises.
    @Test func answersKeepTheirPromises() throws {
        let scene = try CatalogueScene()
        _ = scene.intake().take(Array(CatalogueScene.old.utf8))
        _ = scene.intake().take(Array(CatalogueScene.new.utf8))
        scene.board.keep(failure: ("its server answers 503", 1_700_000_000_000))
        try scene.follow()
        for route in scene.service.table.routes where route.operation.method == .get {
            let reply = scene.service.reply(
                to: AdministrationRequest(method: .get, path: route.operation.path))
            let schema = try #require(route.operation.replies[200] ?? nil)
            let value = try JSONReader().read(reply.body, maximumBytes: 1 << 20)
            #expect(throws: Never.self) { try schema.check(value, "") }
        }
    }
}
