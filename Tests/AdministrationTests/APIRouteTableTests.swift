import JSON
import Testing

@testable import Administration

@Suite struct APIRouteTableTests {
    private static func route(
        _ method: AdministrationRequest.Method, _ path: String, _ id: String, body: APISchema? = nil,
        parameters: [APIParameter] = [], isLocal: Bool = false
    ) -> APIRoute {
        APIRoute(
            method, path.split(separator: "/").map { String($0) }, id: id, summary: "", tag: "", parameters: parameters,
            body: body, replies: [:], isLocal: isLocal
        ) { (_) throws(AdministrationFailure) in AdministrationReply(status: 200, body: []) }
    }

    private let table = APIRouteTable([
        route(.get, "things", "list"), route(.post, "things", "make"), route(.get, "things/{thing}", "get"),
        route(.delete, "things/{thing}", "delete"), route(.get, "things/special", "special"),
        route(.get, "things/{thing}/parts/{part}", "part"), route(.get, "things", "twice"),
    ])

    private func find(
        _ method: AdministrationRequest.Method, _ path: String
    ) -> (id: String?, segments: [String: String], allowed: [String]) {
        switch self.table.match(method, AdministrationRequest.segments(Array(path.utf8)) ?? []) {
        case .route(let route, let segments): (route.id, segments, [])
        case .methodNotAllowed(let allowed): (nil, [:], allowed.map(\.rawValue))
        case .unknown: (nil, [:], [])
        }
    }

    @Test func pathsAndMethods() {
        #expect(self.find(.get, "things").id == "list")
        #expect(self.find(.post, "things").id == "make")
        #expect(self.find(.get, "things/a").segments == ["thing": "a"])
        #expect(self.find(.get, "things/a/parts/b").segments == ["thing": "a", "part": "b"])
        #expect(self.find(.get, "things/a%2Fb%20%C3%A4").segments == ["thing": "a/b ä"])
        // The very word wins, and has methods of its own.
        #expect(self.find(.get, "things/special").id == "special")
        #expect(self.find(.delete, "things/special").allowed == ["GET"])
        #expect(self.find(.patch, "things/a").allowed == ["DELETE", "GET"])
        #expect(self.find(.delete, "things").allowed == ["GET", "POST"])
        for path in [
            "", "thing", "things/a/b", "things/a/parts", "things/", "/things", "things//a", "things/%zz", "things/%FF",
        ] {
            let found = self.find(.get, path)
            #expect(found.id == nil && found.allowed.isEmpty, "\(path)")
        }
    }

    @Test func whatTheSocketAloneServesIsNowhereElse() {
        let table = APIRouteTable([
            Self.route(.get, "things", "list"), Self.route(.post, "things", "make", isLocal: true),
            Self.route(.post, "secrets", "rotate", isLocal: true),
        ])
        #expect(table.methods(at: ["things"]) == [.get])
        #expect(table.methods(at: ["secrets"]).isEmpty && table.methods(at: ["nothing"]).isEmpty)
        guard case .unknown = table.match(.post, ["secrets"], isLocal: false) else { return _ = Issue.record() }
        guard case .methodNotAllowed(let allowed) = table.match(.post, ["things"], isLocal: false) else {
            return _ = Issue.record()
        }
        #expect(allowed == [.get])
        guard case .route = table.match(.post, ["things"]) else { return _ = Issue.record() }
    }

    @Test func segmentsGoThereAndBack() {
        for text in ["a", "a b", "ä/%", "?#&", "\u{0}", "..", "🐟"] {
            #expect(PathText.decode(PathText.encode(text).utf8) == text)
        }
    }

    @Test func refusalsNameWhatIsAllowed() throws {
        final class Thing: AdministrationResource {
            let routes = [
                APIRouteTableTests.route(.get, "things", "list"), APIRouteTableTests.route(.post, "things", "make"),
            ]
        }
        let service = AdministrationService(resources: [Thing()])
        let reply = service.reply(to: AdministrationRequest(method: .delete, path: ["things"]))
        #expect(reply.status == 405)
        #expect(reply.headers.contains { $0.name == "Allow" && $0.value == "GET, POST" })
        #expect(service.reply(to: AdministrationRequest(method: .get, path: ["nothing"])).status == 404)
        // Who is nobody learns nothing, not even what there is.
        var bodies: Set<[UInt8]> = []
        for (method, path) in [(AdministrationRequest.Method.get, "things"), (.delete, "things"), (.get, "nothing")] {
            let reply = service.reply(to: AdministrationRequest(method: method, path: [path], actor: .anonymous))
            #expect(reply.status == 401)
            #expect(reply.headers.contains { $0.name == "WWW-Authenticate" && $0.value == "Bearer" })
            bodies.insert(reply.body)
        }
        #expect(bodies.count == 1)
    }

    // MARK: What a schema says

    private static let schema = APISchema.object([
        .init("name", .string(minimum: 1, maximum: 3)), .init("kind", .oneOf(["a", "b"]), required: false),
        .init("count", .nullable(.integer(1...9)), required: false), .init("on", .boolean, required: false),
        .init("list", .array(.number, minimum: 1, maximum: 2), required: false),
        .init("inner", .object([.init("x", .boolean)]), required: false),
        .init("map", .map(.string(), maximum: 1), required: false),
        .init("either", .any([.string(maximum: 1), .integer(0...1)]), required: false),
    ])

    @Test(arguments: [
        (
            #"{"name":"ä🐟x","kind":"a","count":9,"on":false,"list":[1,2.5],"inner":{"x":true},"map":{"k":"v"},"either":1}"#,
            0, ""
        ),
        (#"{"name":"a","count":null}"#, 0, ""), (#"{"name":"a","count":3.0}"#, 0, ""), (#"{}"#, 400, "name"),
        (#"{"name":1}"#, 400, "name"), (#"{"name":null}"#, 400, "name"), (#"{"name":""}"#, 422, "name"),
        (#"{"name":"abcd"}"#, 422, "name"), (#"{"name":"a","kind":"c"}"#, 422, "kind"),
        (#"{"name":"a","count":10}"#, 422, "count"), (#"{"name":"a","count":1.5}"#, 400, "count"),
        (#"{"name":"a","count":1e30}"#, 422, "count"), (#"{"name":"a","count":"1"}"#, 400, "count"),
        (#"{"name":"a","on":0}"#, 400, "on"), (#"{"name":"a","list":[]}"#, 422, "list"),
        (#"{"name":"a","list":["x"]}"#, 400, "list"), (#"{"name":"a","inner":{}}"#, 400, "inner.x"),
        (#"{"name":"a","inner":{"x":true,"y":1}}"#, 400, "inner.y"),
        (#"{"name":"a","map":{"k":"v","l":"w"}}"#, 422, "map"), (#"{"name":"a","map":{"k":1}}"#, 400, "map.k"),
        (#"{"name":"a","map":{"k":"1","k":"2"}}"#, 400, "map.k"), (#"{"name":"a","either":"xx"}"#, 422, "either"),
        (#"{"name":"a","either":true}"#, 400, "either"), (#"{"name":"a","other":1}"#, 400, "other"),
        (#"{"name":"a","name":"b"}"#, 400, "name"),
    ])
    func bodiesAreChecked(_ text: String, _ status: Int, _ field: String) throws {
        let value = try JSONReader().read(Array(text.utf8), maximumBytes: 1 << 16)
        var failure: AdministrationFailure?
        do throws(AdministrationFailure) { try Self.schema.check(value, "") } catch { failure = error }
        #expect(failure?.status ?? 0 == status)
        #expect(failure?.field ?? "" == field)
    }

    @Test(arguments: [
        ("limit", "5", 200), ("limit", "05", 400), ("limit", "+5", 400), ("limit", "5.0", 400), ("limit", "", 400),
        ("limit", "0", 422), ("limit", "99999999999999999999", 400), ("on", "true", 200), ("on", "1", 400),
        ("on", "TRUE", 400), ("text", "5", 200), ("other", "5", 400),
    ])
    func textsOfAQueryAreTyped(_ name: String, _ text: String, _ status: Int) {
        final class Thing: AdministrationResource {
            let routes = [
                APIRouteTableTests.route(
                    .get, "things", "list",
                    parameters: [
                        .limit(9), APIParameter("on", in: .query, .boolean, ""),
                        APIParameter("text", in: .query, .string(), ""),
                    ])
            ]
        }
        let request = AdministrationRequest(
            method: .get, path: ["things"],
            body: [JSONValue.Member(key: Array(name.utf8), value: .string(Array(text.utf8)))])
        #expect(AdministrationService(resources: [Thing()]).reply(to: request).status == status)
    }
}
