import Domain
import JSON

/// `projects`: make and list projects, and change them.
///
/// `POST projects` takes `name`, `time_zone`, `weight` and `models`. `PATCH projects/ID` changes the last three where they are
/// there: null takes a time zone or a list of models away, and gives the weight 1. `GET projects` takes `name`, or `after`,
/// which is the member `next` of the answer before.
public final class ProjectsResource: AdministrationResource {
    /// Projects in one answer.
    static let pageLimit = 1000

    private let store: AdministrationStore

    public init(store: AdministrationStore) {
        self.store = store
    }

    public var routes: [APIRoute] {
        [
            APIRoute(
                .post, ["projects"], id: "createProject", summary: "Makes a project.", tag: "projects",
                body: .named("NewProject", .object([.init("name", .name)] + Self.changeable)),
                replies: [201: Self.schema], handler: self.create),
            APIRoute(
                .get, ["projects"], id: "listProjects", summary: "Lists projects.", tag: "projects",
                parameters: [
                    APIParameter("name", in: .query, .name, "Only the project of this name."), .after(.string()),
                ], replies: [200: .page(Self.schema)], handler: self.list),
            APIRoute(
                .patch, ["projects", "{project}"], id: "updateProject", summary: "Changes a project.",
                tag: "projects", parameters: [.path("project", .project)],
                body: .named("ProjectChange", .object(Self.changeable)), replies: [200: Self.schema],
                handler: self.update),
        ]
    }

    private static let changeable: [APISchema.Member] = [
        .init("time_zone", .nullable(.string(maximum: 100)), required: false),
        .init("weight", .nullable(.integer(1...1000)), required: false),
        .init("models", .models, required: false),
    ]
    private static let schema = APISchema.named(
        "Project",
        .object([
            .init("id", .id(.project)), .init("name", .string()), .init("time_zone", .nullable(.string())),
            .init("weight", .integer(1...1000)), .init("models", .nullable(.array(.string()))),
            .init("created", .timestamp),
        ]))

    private func create(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.changeProjects, in: .gateway)
        let new = AdministrationStore.NewProject(
            name: try EntityName.checked(call.fields.text("name"), "name"),
            timeZone: try EntityName.timeZone(call.fields.text("time_zone")),
            weight: try call.fields.weight(),
            models: try call.fields.models())
        try call.fields.end()
        let project = try self.store.createProject(new)
        return AdministrationReply(status: 201) { Self.write(project, to: &$0) }
    }

    private func list(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.readProjects, in: .gateway)
        let name = try call.fields.text("name")
        let after = try call.fields.text("after")
        try call.fields.end()
        let projects =
            if let name {
                try self.store.projects(named: name)
            } else {
                try self.store.projects(after: after, limit: Self.pageLimit + 1)
            }
        let page = projects.prefix(min(Self.pageLimit, ModelListPage.count(projects.map(\.models))))
        let next = page.count < projects.count ? page.last?.name : nil
        return AdministrationReply(page: page, next: next) { Self.write($0, to: &$1) }
    }

    private func update(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.changeProjects, in: .gateway)
        let id = try call.id("project", .project, absent: .notFound("that is no id of a project"))
        var edits: [(inout ProjectRecord) -> Void] = []
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
        try call.fields.end()
        guard !edits.isEmpty else { throw .invalid("there is nothing to change") }
        let project = try self.store.updateProject(id) { record in for edit in edits { edit(&record) } }
        return AdministrationReply { Self.write(project, to: &$0) }
    }

    private static func write(_ project: ProjectRecord, to writer: inout JSONWriter) {
        writer.key("id")
        writer.string(project.id.text(.project))
        writer.key("name")
        writer.string(project.name)
        writer.key("time_zone")
        if let timeZone = project.timeZone { writer.string(timeZone) } else { writer.null() }
        writer.key("weight")
        writer.integer(Int64(project.weight))
        writer.member(models: project.models)
        writer.key("created")
        writer.string(TimeText.text(milliseconds: project.created))
    }
}
