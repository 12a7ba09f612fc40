import Domain
import JSON

extension TokenRecord: AdministeredRecord {
    static var kind: EntityID.Kind { .token }

    /// The members of a token, without the token.
    static let members: [APISchema.Member] = [
        .init("id", .id(.token)), .init("name", .string()), .init("role", .role),
        .init("organization", .nullable(.id(.organization)), "Null for a token that is good for all of them."),
        .init("prefix", .string()), .init("made_by", .string(), "A token's id, or `uid:` and a number."),
        .init("created", .timestamp), .init("expires", .nullable(.timestamp)),
        .init("revoked", .nullable(.timestamp)),
    ]

    func write(to writer: inout JSONWriter) {
        writer.key("id")
        writer.string(self.id.text(.token))
        writer.key("name")
        writer.string(self.name)
        writer.key("role")
        writer.string(self.role.name)
        writer.key("organization")
        writer.string(optional: self.organization?.text(.organization))
        writer.key("prefix")
        writer.string(self.shown)
        writer.key("made_by")
        writer.string(self.madeBy)
        writer.member("created", time: self.created)
        writer.member("expires", time: self.expires)
        writer.member("revoked", time: self.revoked)
    }
}

extension APISchema {
    static let role = APISchema.oneOf(AdministrationRole.allCases.map(\.name))
}
