import Domain
import UsageStore

/// What of all usage a report is about, as its query says it.
struct UsageSelection {
    var organization: EntityID?
    var project: EntityID?
    var key: EntityID?
    var user: EntityID?
    var provider: [UInt8]?
    var model: [UInt8]?
    /// In the order asked for, each once.
    var dimensions: [RollupDimension] = []

    static let parameters: [APIParameter] = [
        APIParameter("org", in: .query, .id(.organization), "Only of this organization."),
        APIParameter("project_id", in: .query, .text, "Only of this project: its id or its name."),
        APIParameter("key", in: .query, .text, "Only of this key: its id or its name."),
        APIParameter("user", in: .query, .id(.user), "Only for this user."),
        APIParameter("provider", in: .query, .text, "Only answered by this provider."),
        APIParameter("model", in: .query, .text, "Only of this model, as it was asked for."),
        APIParameter(
            "by", in: .query, .string(pattern: Self.pattern),
            "What to add up for each of: names out of \(Self.names), with commas between them."),
    ]

    private static let names = UsageReportsResource.dimensions.joined(separator: ", ")
    private static let pattern: String = {
        let name = "(" + UsageReportsResource.dimensions.joined(separator: "|") + ")"
        return "^\(name)(,\(name)){0,6}$"
    }()

    /// Takes the members out of the query, and asks whether the actor may see that.
    init(_ call: inout AdministrationCall, _ names: any EntityNames) throws(AdministrationFailure) {
        self.organization = try call.organizationFilter("org")
        try call.require(.readUsage, in: self.organization.map { .organization($0) } ?? .gateway)
        if let text = try call.fields.text("project_id") {
            self.project = try names.project(text, of: self.organization)
        }
        if let text = try call.fields.text("key") { self.key = try names.key(text, of: self.organization) }
        self.user = try call.fields.id("user", .user)
        self.provider = try call.fields.text("provider").map { Array($0.utf8) }
        self.model = try call.fields.text("model").map { Array($0.utf8) }
        if let text = try call.fields.text("by") {
            for name in text.split(separator: ",", omittingEmptySubsequences: false) {
                guard let dimension = RollupDimension(rawValue: String(name)) else {
                    throw call.fields.unusable("by", "names out of \(Self.names), with commas between them")
                }
                if !self.dimensions.contains(dimension) { self.dimensions.append(dimension) }
            }
        }
    }

    func query(_ period: RollupQuery.Period, isDivided: Bool) -> RollupQuery {
        RollupQuery(
            period, isDivided: isDivided, by: self.dimensions, organization: self.organization, project: self.project,
            key: self.key, user: self.user, provider: self.provider, model: self.model)
    }
}

extension EntityNames {
    /// The key with that id or name.
    func key(_ text: String, of organization: EntityID?) throws(AdministrationFailure) -> EntityID {
        if let id = EntityID(text: text, .key) { return id }
        let ids = try self.keys(named: text, of: organization)
        guard let id = ids.first else { throw .notFound("there is no key named \(text)") }
        guard ids.count == 1 else {
            throw .unusable("key", "there are \(ids.count) keys named \(text): give the id of one (key_…)")
        }
        return id
    }

    /// The project with that id or name.
    func project(_ text: String, of organization: EntityID?) throws(AdministrationFailure) -> EntityID {
        if let id = EntityID(text: text, .project) { return id }
        return try self.projectID(named: text, of: organization)
    }
}
