import Administration
import ArgumentParser
import Configuration
import Foundation
import JSON

/// `sluice demo`: something to try the gateway with.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Make an organization, a project and a key to try the gateway with, and print them.",
        discussion: """
            What is there already stays: a second time the same organization, project and key are named. As a key is shown once \
            only, it gets a new secret then, and the former one is good for another day.

            A running gateway is asked over its socket; while it is stopped the same is done to its files directly.
            """)

    @OptionGroup var option: ConfigurationOption
    @Flag(help: "Print JSON: organization, project, key_id, key, model, curl.")
    var json = false

    private static let name = "demo"

    func run() throws {
        let organization = try self.found(["orgs"], []) ?? self.made(["orgs"], [])
        let owner = JSONValue.Member("organization", organization)
        let project =
            try self.found(["projects"], [JSONValue.Member("org", organization)]) ?? self.made(["projects"], [owner])
        let keys = try AdministrationOutput.all(
            of: self.option, ["keys"], [JSONValue.Member("project", project), JSONValue.Member("name", Self.name)])
        let answer: JSONValue
        if let id = keys.first(where: { $0["revoked"]?.string == nil })?["id"]?.string {
            answer = try AdministrationOutput.body(
                of: self.option, .post, ["keys", String(decoding: id, as: UTF8.self), "regenerate"],
                [JSONValue.Member("overlap_seconds", .integer(86_400))]
            ).value
        } else {
            answer = try AdministrationOutput.body(
                of: self.option, .post, ["keys"],
                [JSONValue.Member("name", Self.name), JSONValue.Member("project", project)]
            ).value
        }
        self.print(organization, project, answer)
    }

    /// The id of what is named `demo`.
    private func found(_ path: [String], _ query: [JSONValue.Member]) throws -> String? {
        let values = try AdministrationOutput.all(of: self.option, path, query + [JSONValue.Member("name", Self.name)])
        return values.first { ($0["name"]?.string ?? []).elementsEqual(Self.name.utf8) }?["id"]?.string.map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private func made(_ path: [String], _ members: [JSONValue.Member]) throws -> String {
        let (_, value) = try AdministrationOutput.body(
            of: self.option, .post, path, [JSONValue.Member("name", Self.name)] + members)
        return AdministrationOutput.cell(value["id"])
    }

    private func print(_ organization: String, _ project: String, _ answer: JSONValue) {
        let cell = AdministrationOutput.cell
        let (address, model) = self.gateway()
        let curl = """
            curl \(address)/v1/chat/completions -H 'Authorization: Bearer \(cell(answer["key"]))' \
            -H 'Content-Type: application/json' -d '{"model": "\(model)", "messages": [{"role": "user", "content": "Hello"}]}'
            """
        guard !self.json else {
            var writer = JSONWriter()
            writer.value(
                .object(
                    CommandText.members([
                        ("organization", organization), ("project", project), ("key_id", cell(answer["id"])),
                        ("key", cell(answer["key"])), ("model", model), ("curl", curl),
                    ])))
            return AdministrationOutput.write(json: writer.bytes)
        }
        StandardStream.output.write(
            """
            Organization  \(organization) (\(Self.name))
            Project       \(project) (\(Self.name))
            Key           \(cell(answer["key"]))
                          (shown this once; \(cell(answer["id"])))

            \(curl)

            """)
    }

    /// Where the gateway listens, and a model that it serves: the simulated provider's where there is one.
    private func gateway() -> (address: String, model: String) {
        let configuration = DemoGateway.configuration(of: self.option)
        return (DemoGateway.address(configuration), DemoGateway.model(configuration))
    }
}
