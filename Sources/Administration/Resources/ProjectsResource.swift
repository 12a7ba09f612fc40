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

    public let name = "projects"
    private let store: AdministrationStore

    public init(store: AdministrationStore) {
        self.store = store
    }

    public func reply(
        to request: AdministrationRequest, path: ArraySlice<String>
    ) throws(AdministrationFailure) -> AdministrationReply {
        var fields = try RequestFields(request.body)
        if let text = path.first { return try self.update(text, path, request.method, &fields) }
        switch request.method {
        case .post:
            let new = AdministrationStore.NewProject(
                name: try EntityName.checked(fields.text("name"), "name"),
                timeZone: try EntityName.timeZone(fields.text("time_zone")),
                weight: try fields.weight(),
                models: try fields.models())
            try fields.end()
            let project = try self.store.createProject(new)
            return AdministrationReply(status: 201) { Self.write(project, to: &$0) }
        case .get: return try self.list(&fields)
        case .patch, .delete: throw .methodNotAllowed
        }
    }

    private func list(_ fields: inout RequestFields) throws(AdministrationFailure) -> AdministrationReply {
        let name = try fields.text("name")
        let after = try fields.text("after")
        try fields.end()
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

    private func update(
        _ text: String, _ path: ArraySlice<String>, _ method: AdministrationRequest.Method,
        _ fields: inout RequestFields
    ) throws(AdministrationFailure) -> AdministrationReply {
        guard path.count == 1 else { throw .unknownURL }
        guard method == .patch else { throw .methodNotAllowed }
        guard let id = EntityID(text: text, .project) else { throw .notFound("that is no id of a project") }
        var edits: [(inout ProjectRecord) -> Void] = []
        if fields.has("time_zone") {
            let timeZone = try EntityName.timeZone(fields.text("time_zone"))
            edits.append { $0.timeZone = timeZone }
        }
        if fields.has("weight") {
            let weight = try fields.weight()
            edits.append { $0.weight = weight }
        }
        if fields.has("models") {
            let models = try fields.models()
            edits.append { $0.models = models }
        }
        try fields.end()
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
