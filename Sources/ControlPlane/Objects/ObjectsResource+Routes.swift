import Administration
import Configuration

extension ObjectsResource {
    /// Most of them in one answer, and the bytes that these are to keep within.
    static let pageLimit = 500
    static let pageBytes = 256 << 10

    /// The first segment of the paths.
    static func path(_ kind: ObjectKind) -> String {
        switch kind {
        case .provider: "providers"
        case .alias: "models"
        case .price: "prices"
        }
    }

    /// What the name is called, in paths and bodies.
    static func nameMember(_ kind: ObjectKind) -> String { kind == .price ? "target" : "name" }

    /// As in ids of operations and names of schemas.
    private var noun: String {
        switch self.kind {
        case .provider: "Provider"
        case .alias: "Alias"
        case .price: "Price"
        }
    }

    var routes: [APIRoute] {
        let path = Self.path(self.kind)
        let noun = self.noun
        let member = Self.nameMember(self.kind)
        let one = [path, "{\(member)}"]
        let words = self.kind.noun
        let name = APIParameter(member, in: .path, Self.nameSchema(self.kind), "Its name, with / as %2F.")
        let shown = APISchema.named(noun, .object(Self.shownMembers(self.kind)))
        let changeable = Self.members(self.kind)
        var routes = [
            APIRoute(
                .get, [path], id: "list\(noun)s", summary: "Lists each \(words) of file and API.", tag: path,
                parameters: [
                    APIParameter(
                        "source", in: .query, .oneOf(["file", "environment", "api"]), "Only those from there."),
                    APIParameter(
                        "limit", in: .query, .integer(1...Int64(Self.pageLimit)), "How many in one answer."),
                    APIParameter("after", in: .query, .text(maximum: 512), "The `next` of the answer before."),
                ], replies: [200: .page(shown)], handler: self.list),
            APIRoute(
                .post, [path], id: "create\(noun)", summary: "Adds a \(words); in force in all workers at once.",
                tag: path,
                body: .named(
                    "New\(noun)",
                    .object(
                        [.init(member, Self.nameSchema(self.kind))]
                            + changeable.map { self.required($0) })), replies: [201: shown], handler: self.create),
            APIRoute(
                .get, one, id: "get\(noun)", summary: "Shows a \(words).", tag: path, parameters: [name],
                replies: [200: shown], handler: self.show),
            APIRoute(
                .patch, one, id: "update\(noun)",
                summary: "Changes a \(words) that the API has made; null takes a member away.", tag: path,
                parameters: [name], body: .named("\(noun)Change", .object(changeable)), replies: [200: shown],
                handler: self.update),
            APIRoute(
                .delete, one, id: "delete\(noun)", summary: "Takes a \(words) away that the API has made.", tag: path,
                parameters: [name], replies: [204: nil], handler: self.delete),
        ]
        guard self.kind == .provider else { return routes }
        routes.append(
            APIRoute(
                .post, one + ["test"], id: "testProvider",
                summary: "Asks a provider for its models, to see whether it answers.",
                tag: path, parameters: [name],
                body: .named(
                    "ProviderTest",
                    .object([
                        .init(
                            "key", .nullable(.string(maximum: 64)), required: false,
                            "Which of its keys; else the first.")
                    ])), replies: [200: ProbeResult.schema], handler: self.test))
        return routes
    }

    /// What there must be in a new one.
    private func required(_ member: APISchema.Member) -> APISchema.Member {
        let names = self.kind == .provider ? ["dialect"] : self.kind == .price ? ["input", "output"] : []
        guard names.contains(member.name), case .nullable(let schema) = member.schema else { return member }
        return APISchema.Member(member.name, schema, member.summary)
    }
}
