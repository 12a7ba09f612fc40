import Domain
import JSON

extension OrganizationRecord {
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
        writer.key("created")
        writer.string(TimeText.text(milliseconds: self.created))
    }

    /// For the audit log.
    var audited: [UInt8] { AuditEntry.object { self.write(to: &$0) } }
}
