import Domain
import JSON

/// `projects`: make and list projects, and change their time zones. `POST projects` takes `name` and `time_zone`, `PATCH
/// projects/ID` takes `time_zone`, `GET projects` nothing.
public final class ProjectsResource: AdministrationResource {
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
            let name = try EntityName.checked(fields.text("name"), "name")
            let timeZone = try EntityName.timeZone(fields.text("time_zone"))
            try fields.end()
            let project = try self.store.createProject(name: name, timeZone: timeZone)
            return AdministrationReply(status: 201) { Self.write(project, to: &$0) }
        case .get:
            try fields.end()
            let projects = try self.store.projects()
            return AdministrationReply { writer in
                writer.key("data")
                writer.beginArray()
                for project in projects {
                    writer.beginObject()
                    Self.write(project, to: &writer)
                    writer.endObject()
                }
                writer.endArray()
            }
        case .patch, .delete: throw .methodNotAllowed
        }
    }

    private func update(
        _ text: String, _ path: ArraySlice<String>, _ method: AdministrationRequest.Method,
        _ fields: inout RequestFields
    ) throws(AdministrationFailure) -> AdministrationReply {
        guard path.count == 1 else { throw .unknownURL }
        guard method == .patch else { throw .methodNotAllowed }
        guard let id = EntityID(text: text, .project) else { throw .notFound("that is no id of a project") }
        guard fields.has("time_zone") else { throw .invalid("there is nothing to change") }
        let timeZone = try EntityName.timeZone(fields.text("time_zone"))
        try fields.end()
        _ = try self.store.project(id)
        let project = try self.store.setTimeZone(timeZone, of: id)
        return AdministrationReply { Self.write(project, to: &$0) }
    }

    private static func write(_ project: ProjectRecord, to writer: inout JSONWriter) {
        writer.key("id")
        writer.string(project.id.text(.project))
        writer.key("name")
        writer.string(project.name)
        writer.key("time_zone")
        if let timeZone = project.timeZone { writer.string(timeZone) } else { writer.null() }
        writer.key("created")
        writer.string(TimeText.text(milliseconds: project.created))
    }
}
