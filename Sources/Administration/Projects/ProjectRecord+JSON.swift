import Domain
import JSON

extension ProjectRecord: AdministeredRecord {
    static var kind: EntityID.Kind { .project }

    static let members: [APISchema.Member] =
        [
            .init("id", .id(.project)), .init("name", .string()), .init("organization", .id(.organization)),
            .init("time_zone", .nullable(.string()), "Null for that of the configuration."),
            .init("weight", .integer(1...1000)), .init("models", .nullable(.array(.string())), "Null for all."),
            .init("monthly_token_limit", .shownLimit(.monthlyTokens), "The same as tokens_monthly."),
            .init("monthly_cost_limit", .shownLimit(.monthlyCost), "The same as cost_monthly."),
        ] + APISchema.Member.shownLimits + [.init("metadata", .metadata), .init("created", .timestamp)]

    func write(to writer: inout JSONWriter) {
        writer.key("id")
        writer.string(self.id.text(.project))
        writer.key("name")
        writer.string(self.name)
        writer.key("organization")
        writer.string(self.organization.text(.organization))
        writer.key("time_zone")
        writer.string(optional: self.timeZone)
        writer.key("weight")
        writer.integer(Int64(self.weight))
        writer.member(models: self.models)
        writer.key("monthly_token_limit")
        writer.amount(self.limits[.monthlyTokens], .monthlyTokens)
        writer.key("monthly_cost_limit")
        writer.amount(self.limits[.monthlyCost], .monthlyCost)
        writer.members(of: self.limits)
        writer.key("metadata")
        self.metadata.write(to: &writer)
        writer.member("created", time: self.created)
    }
}
