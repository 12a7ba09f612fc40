import Domain
import Foundation
import JSON
import Testing

@testable import Administration

@Suite struct APIDocumentTests {
    private let scene: AdministrationScene
    private let document: JSONValue

    init() throws {
        self.scene = try AdministrationScene()
        let text = APIDocument.make(routes: self.scene.service.table.routes, version: "1.2.3")
        self.document = try JSONReader().read(text, maximumBytes: 4 << 20)
        if let path = ProcessInfo.processInfo.environment["SLUICE_TEST_OPENAPI"] {
            try Data(text).write(to: URL(fileURLWithPath: path))
        }
    }

    private func members(_ value: JSONValue?) -> [JSONValue.Member] {
        guard case .object(let members)? = value else { return [] }
        return members
    }

    private func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

    @Test func everyRouteIsInItAndNothingElse() throws {
        #expect(self.text(self.document["openapi"]?.string) == "3.1.0")
        var found: Set<String> = []
        var ids: Set<String> = []
        for path in self.members(self.document["paths"]) {
            for operation in self.members(path.value) {
                found.insert("\(self.text(operation.key)) \(self.text(path.key))")
                let (isNew, _) = ids.insert(self.text(operation.value["operationId"]?.string))
                #expect(isNew)
                // What the path has in braces is declared.
                let names = (operation.value["parameters"]?.array ?? []).filter {
                    $0["in"]?.string == Array("path".utf8)
                }
                .map { self.text($0["name"]?.string) }
                let braces = self.text(path.key).split(separator: "/").filter { $0.hasPrefix("{") }
                    .map { String($0.dropFirst().dropLast()) }
                #expect(names == braces)
                #expect(self.members(operation.value["responses"]).count > 1)
            }
        }
        let routes = Set(
            // What operators of the machine alone can ask is served by no address.
            self.scene.service.table.routes.filter { !$0.isLocal }.map {
                "\($0.method.rawValue.lowercased()) /api/v1/\($0.path.joined(separator: "/"))"
            })
        let doors = Set(FrontDoor.all.map { "\($0.body == nil ? "get" : "post") \($0.path)" })
        #expect(found == routes.union(doors))
        #expect(doors.contains("post /v1/chat/completions"))
    }

    @Test func whatCanBeATableIsSaid() {
        var tables: Set<String> = []
        for path in self.members(self.document["paths"]) {
            let content = path.value["get"]?["responses"]?["200"]?["content"]
            guard content?["text/csv"] != nil else { continue }
            #expect(content?["application/json"]?["schema"] != nil)
            tables.insert(self.text(path.key))
        }
        #expect(tables == ["/api/v1/usage/daily", "/api/v1/usage/hourly", "/api/v1/usage/summary"])
        // All routes that can be asked for one, and no other.
        let asked = self.scene.service.table.routes.filter { $0.parameters.contains { $0.name == "format" } }
        #expect(Set(asked.map { "/api/v1/\($0.path.joined(separator: "/"))" }) == tables)
    }

    @Test func aNameMeansOneSchema() {
        var schemas: [String: APISchema] = [:]
        func visit(_ schema: APISchema) {
            switch schema {
            case .named(let name, let inner):
                #expect(schemas.updateValue(inner, forKey: name) ?? inner == inner, "\(name)")
                visit(inner)
            case .array(let inner, _, _, _), .map(let inner, _, _), .nullable(let inner): visit(inner)
            case .object(let members), .open(let members):
                #expect(Set(members.map(\.name)).count == members.count)
                for member in members { visit(member.schema) }
            case .any(let all): for one in all { visit(one) }
            default: break
            }
        }
        for route in self.scene.service.table.routes {
            for schema in [route.body] + route.replies.values.map({ $0 }) { if let schema { visit(schema) } }
        }
        #expect(schemas.count > 5)
    }

    /// A query with a NUL in it cannot be read, so no parameter may promise to take one.
    @Test func parametersPromiseNoNUL() {
        func takesAny(_ schema: APISchema) -> Bool {
            switch schema {
            case .string(let format, _, _, let pattern): format == nil && pattern == nil
            case .anything: true
            case .nullable(let inner), .named(_, let inner): takesAny(inner)
            case .any(let all): all.contains(where: takesAny)
            default: false
            }
        }
        for route in self.scene.service.table.routes {
            for parameter in route.parameters where takesAny(parameter.schema) {
                Issue.record("\(route.id): \(parameter.name)")
            }
        }
    }

    @Test func referencesLeadSomewhere() {
        let known = Set(self.members(self.document["components"]?["schemas"]).map { self.text($0.key) })
        let responses = Set(self.members(self.document["components"]?["responses"]).map { self.text($0.key) })
        func visit(_ value: JSONValue) {
            switch value {
            case .object(let members):
                for member in members {
                    if member.key == Array("$ref".utf8) {
                        let name = self.text(member.value.string).split(separator: "/").last.map { String($0) } ?? ""
                        #expect(known.contains(name) || responses.contains(name))
                    }
                    visit(member.value)
                }
            case .array(let values): for value in values { visit(value) }
            default: break
            }
        }
        visit(self.document)
    }

    /// What is answered has the shape that is promised.
    @Test func answersHaveTheirShapes() throws {
        _ = try self.scene.token(.owner)
        _ = try self.scene.ask(.post, "keys", #"{"name":"k","cost_monthly":"12.5","models":["a*"]}"#)
        for route in self.scene.service.table.routes
        where route.method == .get && !route.path.contains(where: { $0.hasPrefix("{") }) {
            let query = route.path == ["limits"] ? #"{"global":true}"# : "{}"
            let answer = try self.scene.ask(.get, route.path.joined(separator: "/"), query)
            #expect(answer.status == 200, "\(route.id)")
            let schema = try #require(route.replies[200] ?? nil)
            do throws(AdministrationFailure) { try schema.check(answer.body, "") } catch {
                Issue.record("\(route.id): \(error.message)")
            }
        }
    }
}
