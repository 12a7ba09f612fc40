import Domain
import JSON

extension KeyRecord: AdministeredRecord {
    static var kind: EntityID.Kind { .key }

    static let members: [APISchema.Member] =
        [
            .init("id", .id(.key)), .init("name", .string()), .init("project", .string(), "The project's name."),
            .init("project_id", .id(.project)), .init("organization", .id(.organization)),
            .init("prefix", .string(), "How the key begins."), .init("disabled", .boolean),
            .init("tags", .array(.string())), .init("metadata", .metadata),
        ] + APISchema.Member.shownLimits + [
            .init("models", .nullable(.array(.string())), "Null for all."), .init("created", .timestamp),
            .init("expires", .nullable(.timestamp)), .init("revoked", .nullable(.timestamp)),
        ]

    /// The members of a key, without the key.
    func write(to writer: inout JSONWriter) {
        writer.key("id")
        writer.string(self.id.text(.key))
        writer.key("name")
        writer.string(self.name)
        writer.key("project")
        writer.string(self.projectName)
        writer.key("project_id")
        writer.string(self.project.text(.project))
        writer.key("organization")
        writer.string(self.organization.text(.organization))
        writer.key("prefix")
        writer.string(self.shown)
        writer.key("disabled")
        writer.bool(self.isDisabled)
        writer.key("tags")
        writer.beginArray()
        for tag in self.tags { writer.string(tag) }
        writer.endArray()
        writer.key("metadata")
        self.metadata.write(to: &writer)
        writer.members(of: self.limits)
        writer.member(models: self.models)
        writer.member("created", time: self.created)
        writer.member("expires", time: self.expires)
        writer.member("revoked", time: self.revoked)
    }
}
