import Domain
import JSON

/// `orgs`: organizations.
public final class OrganizationsResource: AdministrationResource {
    /// Organizations in one answer.
    static let pageLimit = 200

    private let store: AdministrationStore

    public init(store: AdministrationStore) {
        self.store = store
    }

    public var routes: [APIRoute] {
        let organization = [APIParameter.path("org", .organization)]
        return [
            APIRoute(
                .post, ["orgs"], id: "createOrganization", summary: "Makes an organization.", tag: "organizations",
                body: .named(
                    "NewOrganization",
                    .object([.init("name", .name), .init("metadata", .nullable(.newMetadata), required: false)])),
                replies: [201: Self.schema], handler: self.create),
            APIRoute(
                .get, ["orgs"], id: "listOrganizations", summary: "Lists the organizations that the token sees.",
                tag: "organizations",
                parameters: [
                    APIParameter("name", in: .query, .name, "Only the organization of this name."),
                    .after(.id(.organization)), .limit(Self.pageLimit),
                ], replies: [200: .page(Self.schema)], handler: self.list),
            APIRoute(
                .get, ["orgs", "{org}"], id: "getOrganization", summary: "Shows an organization.",
                tag: "organizations", parameters: organization, replies: [200: Self.schema], handler: self.get),
            APIRoute(
                .patch, ["orgs", "{org}"], id: "updateOrganization", summary: "Changes an organization.",
                tag: "organizations", parameters: organization,
                body: .named(
                    "OrganizationChange",
                    .object([
                        .init("name", .name, required: false),
                        .init(
                            "metadata", .nullable(.metadataChange), required: false,
                            "Null takes a member away, or all of them."),
                    ])), replies: [200: Self.schema], handler: self.update),
            APIRoute(
                .delete, ["orgs", "{org}"], id: "deleteOrganization",
                summary: "Deletes an organization that has no projects any more.", tag: "organizations",
                parameters: organization, replies: [204: nil], handler: self.delete),
        ]
    }

    private static let schema = APISchema.named("Organization", .object(OrganizationRecord.members))

    private func create(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.createOrganization, in: .gateway)
        let name = try EntityName.checked(call.fields.text("name"), "name")
        let metadata = try call.fields.metadata()
        try call.fields.end()
        return Self.created(
            try self.store.createOrganization(
                name: name, metadata: metadata, from: call.origin, answer: Self.created))
    }

    private func list(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(
            .readOrganization, in: call.actor.home.map { .organization($0) } ?? .gateway)
        let name = try call.fields.text("name").map { text throws(AdministrationFailure) in
            try EntityName.checked(text, "name")
        }
        let after = try call.fields.id("after", .organization)
        let limit = try call.fields.pageSize(Self.pageLimit)
        try call.fields.end()
        return AdministrationReply(
            found: try self.store.organizations(after: after, limit: limit + 1, only: call.actor.home, name: name),
            limit: limit)
    }

    private func get(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.fields.end()
        return AdministrationReply(try self.find(call, .readOrganization))
    }

    private func update(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let before = try self.find(call, .changeOrganization)
        try call.requireMatch(version: before.version)
        var changed = before
        if call.fields.has("name") { changed.name = try EntityName.checked(call.fields.text("name"), "name") }
        if call.fields.has("metadata") { changed.metadata = try call.fields.metadata(changing: before.metadata) }
        try call.fields.end()
        guard changed != before else { return AdministrationReply(before) }
        return AdministrationReply(try self.store.updateOrganization(changed, before: before, from: call.origin))
    }

    private func delete(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.fields.end()
        let before = try self.find(call, .changeOrganization)
        try call.requireMatch(version: before.version)
        guard before.id != .standard else {
            throw AdministrationFailure(
                status: 409, code: "not_deletable", message: "the default organization cannot be deleted")
        }
        try self.store.deleteOrganization(before, from: call.origin)
        return AdministrationReply(status: 204, body: [])
    }

    // MARK: -

    private func find(
        _ call: AdministrationCall, _ action: AdministrationAction
    ) throws(AdministrationFailure) -> OrganizationRecord {
        let id = try call.id("org", .organization, absent: .noOrganization)
        try call.require(action, in: .organization(id), absent: .noOrganization)
        return try self.store.organization(id)
    }

    private static func created(_ organization: OrganizationRecord) -> AdministrationReply {
        let location = "\(AdministrationRequest.root)orgs/\(organization.id.text(.organization))"
        return AdministrationReply(status: 201, version: organization.version, location: location) {
            organization.write(to: &$0)
        }
    }
}
