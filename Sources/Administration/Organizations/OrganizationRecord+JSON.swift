import Domain
import JSON

extension OrganizationRecord: AdministeredRecord {
    static var kind: EntityID.Kind { .organization }

    static let members: [APISchema.Member] = [
        .init("id", .id(.organization)), .init("name", .string()), .init("metadata", .metadata),
        .init("created", .timestamp),
    ]

    func write(to writer: inout JSONWriter) {
        writer.key("id")
        writer.string(self.id.text(.organization))
        writer.key("name")
        writer.string(self.name)
        writer.key("metadata")
        self.metadata.write(to: &writer)
        writer.member("created", time: self.created)
    }
}
