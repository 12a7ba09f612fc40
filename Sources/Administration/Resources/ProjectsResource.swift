import Domain
import JSON

/// `projects`: make, list, show, change and delete projects.
///
/// Limits are those of the project as a whole; `monthly_token_limit` and `monthly_cost_limit` are other names of `tokens_monthly` and
/// `cost_monthly`. A change takes the members that are there: null takes a time zone, a limit, a list of models or metadata away, and gives the
/// weight 1. Who deletes a project revokes its keys.
public final class ProjectsResource: AdministrationResource {
    /// Projects in one answer.
    static let pageLimit = 1000
    /// Other names of two limits.
    private static let aliases: [(name: String, kind: LimitKind)] = [
        ("monthly_token_limit", .monthlyTokens), ("monthly_cost_limit", .monthlyCost),
    ]

    private let store: AdministrationStore

    public init(store: AdministrationStore) {
        self.store = store
    }

    public var routes: [APIRoute] {
        let project = [APIParameter.path("project", .project)]
        return [
            APIRoute(
                .post, ["projects"], id: "createProject", summary: "Makes a project.", tag: "projects",
                body: .named(
                    "NewProject",
                    .object(
                        [
                            .init("name", .name),
                            .init(
                                "organization", .nullable(.name), required: false,
                                "Its id or its name; the token's where it is missing, or default."),
                            .init("metadata", .nullable(.newMetadata), required: false),
                        ] + Self.changeable)),
                replies: [201: Self.schema], handler: self.create),
            APIRoute(
                .get, ["projects"], id: "listProjects", summary: "Lists projects, by name.", tag: "projects",
                parameters: [
                    APIParameter("org", in: .query, .id(.organization), "Only projects of this organization."),
                    APIParameter("name", in: .query, .name, "Only projects of this name."), .after(.id(.project)),
                    .limit(Self.pageLimit),
                ], replies: [200: .page(Self.schema)], handler: self.list),
            APIRoute(
                .get, ["projects", "{project}"], id: "getProject", summary: "Shows a project.", tag: "projects",
                parameters: project, replies: [200: Self.schema], handler: self.get),
            APIRoute(
                .patch, ["projects", "{project}"], id: "updateProject", summary: "Changes a project.",
                tag: "projects", parameters: project,
                body: .named(
                    "ProjectChange",
                    .object(
                        [
                            .init("name", .name, required: false),
                            .init("metadata", .nullable(.metadataChange), required: false),
                        ] + Self.changeable)), replies: [200: Self.schema], handler: self.update),
            APIRoute(
                .delete, ["projects", "{project}"], id: "deleteProject",
                summary: "Deletes a project and revokes its keys.", tag: "projects", parameters: project,
                replies: [204: nil], handler: self.delete),
        ]
    }

    private static let changeable: [APISchema.Member] =
        [
            .init("time_zone", .nullable(.string(maximum: 100)), required: false),
            .init("weight", .nullable(.integer(1...1000)), required: false),
            .init("models", .models, required: false),
        ] + aliases.map { .init($0.name, .limit($0.kind), required: false) } + APISchema.Member.limits
    private static let schema = APISchema.named("Project", .object(ProjectRecord.members))

    // MARK: Handlers

    private func create(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let organization = try call.fields.text("organization")
        var new = AdministrationStore.NewProject(
            name: try EntityName.checked(call.fields.text("name"), "name"),
            timeZone: try EntityName.timeZone(call.fields.text("time_zone")),
            weight: try call.fields.weight(),
            models: try call.fields.models(),
            metadata: try call.fields.metadata())
        for (kind, value) in try Self.limits(&call.fields) { new.limits[kind] = value }
        try call.fields.end()
        let home = call.actor.home
        if let organization {
            new.organization = try self.store.organization(organization).id
            guard home == nil || home == new.organization else { throw .noOrganization }
        } else {
            new.organization = home ?? .standard
        }
        try call.require(.changeProjects, in: .organization(new.organization), absent: .noOrganization)
        return Self.created(try self.store.createProject(new, from: call.origin, answer: Self.created))
    }

    private static func created(_ project: ProjectRecord) -> AdministrationReply {
        let location = "\(AdministrationRequest.root)projects/\(project.id.text(.project))"
        return AdministrationReply(status: 201, version: project.version, location: location) {
            project.write(to: &$0)
        }
    }

    private func list(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let organization = try call.organizationFilter("org")
        let name = try call.fields.text("name")
        let after = try call.fields.id("after", .project)
        let limit = try call.fields.pageSize(Self.pageLimit)
        try call.fields.end()
        try call.require(.readProjects, in: organization.map { .organization($0) } ?? .gateway)
        return AdministrationReply(
            found: try self.store.projects(after: after, limit: limit + 1, organization: organization, name: name),
            limit: limit)
    }

    private func get(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.fields.end()
        return AdministrationReply(try self.find(call, .readProjects))
    }

    private func update(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let found = try self.find(call, .changeProjects)
        var edits: [(inout ProjectRecord) -> Void] = []
        if call.fields.has("name") {
            let name = try EntityName.checked(call.fields.text("name"), "name")
            edits.append { $0.name = name }
        }
        if call.fields.has("time_zone") {
            let timeZone = try EntityName.timeZone(call.fields.text("time_zone"))
            edits.append { $0.timeZone = timeZone }
        }
        if call.fields.has("weight") {
            let weight = try call.fields.weight()
            edits.append { $0.weight = weight }
        }
        if call.fields.has("models") {
            let models = try call.fields.models()
            edits.append { $0.models = models }
        }
        for (kind, value) in try Self.limits(&call.fields) { edits.append { $0.limits[kind] = value } }
        if call.fields.has("metadata") {
            let fields = call.fields
            _ = try call.fields.metadata(changing: found.metadata)
            edits.append { project in
                // What it was read with may have been changed since.
                var fields = fields
                project.metadata = (try? fields.metadata(changing: project.metadata)) ?? project.metadata
            }
        }
        try call.fields.end()
        guard !edits.isEmpty else { throw .invalid("there is nothing to change") }
        let project = try self.store.updateProject(found.id, from: call.origin, matching: Self.check(call)) { record in
            for edit in edits { edit(&record) }
        }
        return AdministrationReply(project)
    }

    private func delete(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.fields.end()
        let found = try self.find(call, .changeProjects)
        _ = try self.store.deleteProject(found.id, from: call.origin, matching: Self.check(call))
        return AdministrationReply(status: 204, body: [])
    }

    // MARK: -

    /// The project of the path. One of another organization is as absent as one that never was.
    private func find(
        _ call: AdministrationCall, _ action: AdministrationAction
    ) throws(AdministrationFailure) -> ProjectRecord {
        let project = try self.store.project(call.id("project", .project, absent: .noProject))
        try call.require(action, in: .organization(project.organization), absent: .noProject)
        return project
    }

    private static func check(_ call: AdministrationCall) -> AdministrationStore.VersionCheck {
        { (version) throws(AdministrationFailure) in try call.requireMatch(version: version) }
    }

    /// The limits that are there, by either of their names.
    private static func limits(
        _ fields: inout RequestFields
    ) throws(AdministrationFailure) -> [(kind: LimitKind, value: Int64?)] {
        var limits = try fields.limits()
        for (name, kind) in Self.aliases where fields.has(name) {
            let value = try fields.limit(kind, called: name)
            guard !limits.contains(where: { $0.kind == kind }) else {
                throw fields.unusable(name, "given by one of its names: \(kind.name) is there, too")
            }
            limits.append((kind, value))
        }
        return limits
    }

}
