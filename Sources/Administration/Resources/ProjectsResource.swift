import Domain
import JSON

/// `projects`: make and list projects. `POST projects` takes `name` and `time_zone`; `GET projects` takes nothing.
public final class ProjectsResource: AdministrationResource {
    public let name = "projects"
    private let store: AdministrationStore

    public init(store: AdministrationStore) {
        self.store = store
    }

    public func reply(
        to request: AdministrationRequest, path: ArraySlice<String>
    ) throws(AdministrationFailure) -> AdministrationReply {
        guard path.isEmpty else { throw .unknownURL }
        var fields = try RequestFields(request.body)
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

    private static func write(_ project: ProjectRecord, to writer: inout JSONWriter) {
        writer.key("id")
        writer.string(project.id.text(.project))
        writer.key("name")
        writer.string(project.name)
        writer.key("time_zone")
        writer.string(project.timeZone)
        writer.key("created")
        writer.string(TimeText.text(milliseconds: project.created))
    }
}
