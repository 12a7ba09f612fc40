import Domain
import Limits

/// Finds whose limits an operator means.
///
/// A request names it by one of the members `key` (an id, `static`, or a name, with the `project` it belongs to), `project`,
/// `organization`, `user`, `model`, `ip`, `anonymous` (an address of callers without a key) and `global` (true).
struct LimitDirectory {
    let store: AdministrationStore
    /// The limits of the configuration in force.
    var settings: LimitSettings

    /// The members that say who is meant; one of them does, and `project` may go with `key`.
    static let parameters = [
        APIParameter("key", in: .query, .text, "A key's id or name; `static` for that of the configuration."),
        APIParameter("project", in: .query, .text, "A project's id or name, or the name of the key's project."),
        APIParameter("organization", in: .query, .text, "An organization's id or name."),
        APIParameter("user", in: .query, .text, "A user's id."),
        APIParameter("model", in: .query, .text, "A model."),
        APIParameter("ip", in: .query, .text, "An address of clients."),
        APIParameter("anonymous", in: .query, .text, "An address of callers without a key."),
        APIParameter("global", in: .query, .boolean, "The whole gateway."),
    ]

    /// `home` is the one organization that who asks can see: names mean what is in it.
    func subject(_ fields: inout RequestFields, home: EntityID? = nil) throws(AdministrationFailure) -> LimitSubject {
        let isGlobal = try fields.flag("global")
        let key = try fields.text("key")
        let project = try fields.text("project")
        let organization = try fields.text("organization")
        let user = try fields.text("user")
        let model = try fields.text("model")
        let address = try fields.text("ip")
        let anonymous = try fields.text("anonymous")
        let named = [key, key == nil ? project : nil, organization, user, model, address, anonymous].compactMap { $0 }
        guard named.count + (isGlobal ? 1 : 0) == 1 else {
            // Each of them is right by itself: no schema of a query says that one alone may be there.
            throw AdministrationFailure(
                status: 409, code: "invalid_request",
                message: "name one of key, project, organization, user, model, ip, anonymous and global")
        }
        if let key { return try self.key(key, project: project, home) }
        if let project { return try self.project(project, home) }
        if let organization { return try self.organization(organization, home) }
        if let user { return try self.user(user) }
        if let model { return self.model(model) }
        if let address { return try self.address(address, .address) }
        if let anonymous { return try self.address(anonymous, .anonymous) }
        return LimitSubject(
            scope: .global, key: .global, own: self.settings.global, timeZone: self.settings.timeZone,
            home: .configuration("limits.global"))
    }

    // MARK: -

    private func key(_ text: String, project: String?, _ home: EntityID?) throws(AdministrationFailure) -> LimitSubject
    {
        if text == "static", project == nil || project == "default" {
            let limits = try self.store.limits(of: .key, .standard)
            return LimitSubject(
                scope: .key, key: LimitKey(.key, .standard), name: text, organization: .standard, own: limits,
                defaults: self.settings.perKey,
                timeZone: try self.timeZone(of: self.store.project(.standard)), home: .entity(.standard))
        }
        let record: KeyRecord
        if let id = EntityID(text: text, .key) {
            record = try self.store.key(id)
            guard home == nil || home == record.organization else { throw .noKey }
        } else {
            let name = project ?? "default"
            let owner = try self.store.project(name, home: home).id
            let named = try self.store.keys(after: nil, limit: 1000, KeySelection(project: owner, name: text))
            guard let good = named.first(where: { $0.revoked == nil }) else {
                throw .notFound("there is no key named \(text) in project \(name)")
            }
            record = good
        }
        return try self.subject(of: record)
    }

    /// A key, revoked or not.
    func subject(of record: KeyRecord) throws(AdministrationFailure) -> LimitSubject {
        LimitSubject(
            scope: .key, key: LimitKey(.key, record.id), name: record.name, id: record.id.text(.key),
            organization: record.organization, own: record.limits, defaults: self.settings.perKey,
            timeZone: try self.timeZone(of: self.store.project(record.project)), home: .key(record.id))
    }

    private func project(_ text: String, _ home: EntityID?) throws(AdministrationFailure) -> LimitSubject {
        let project = try self.store.project(text, home: home)
        return LimitSubject(
            scope: .project, key: LimitKey(.project, project.id), name: project.name, id: project.id.text(.project),
            organization: project.organization, own: try self.store.limits(of: .project, project.id),
            timeZone: self.timeZone(of: project),
            home: .entity(project.id))
    }

    private func organization(_ text: String, _ home: EntityID?) throws(AdministrationFailure) -> LimitSubject {
        let (id, name) = try self.store.organization(text)
        guard home == nil || home == id else { throw .noOrganization }
        return LimitSubject(
            scope: .organization, key: LimitKey(.organization, id), name: name, id: id.text(.organization),
            organization: id, own: try self.store.limits(of: .organization, id), timeZone: self.settings.timeZone,
            home: .entity(id))
    }

    private func user(_ text: String) throws(AdministrationFailure) -> LimitSubject {
        guard let id = EntityID(text: text, .user) else { throw .notFound("\(text) is no id of a user") }
        return LimitSubject(
            scope: .user, key: LimitKey(.user, id), id: text, own: try self.store.limits(of: .user, id),
            timeZone: self.settings.timeZone, home: .entity(id))
    }

    private func model(_ name: String) -> LimitSubject {
        let bytes = Array(name.utf8)
        return LimitSubject(
            scope: .model, key: LimitKey(model: bytes), name: name,
            own: self.settings.models.first { $0.name == bytes }?.limits ?? LimitSet(),
            timeZone: self.settings.timeZone, home: .configuration("limits.models"))
    }

    private func address(_ text: String, _ scope: LimitScope) throws(AdministrationFailure) -> LimitSubject {
        guard let address = CountedAddress(text) else {
            throw .notFound("\(text) is no IP address")
        }
        let isAnonymous = scope == .anonymous
        return LimitSubject(
            scope: scope, key: LimitKey(scope, address: address.bits), name: address.text,
            own: isAnonymous ? self.settings.anonymous.limits : self.settings.perAddress,
            timeZone: self.settings.timeZone,
            home: .configuration(isAnonymous ? "auth.anonymous" : "limits.per_ip"))
    }

    private func timeZone(of project: ProjectRecord) -> TimeZoneRules {
        project.timeZone.flatMap { self.store.zones.rules($0) } ?? self.settings.timeZone
    }
}
