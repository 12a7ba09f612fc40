import Domain
import JSON

/// `keys`: make, list, show, change and revoke client keys.
///
/// `POST keys` answers with the member `key`, the only time it is shown. `GET keys` takes `project`, `name`, `after` and
/// `limit`; `PATCH keys/ID` changes the members that are there, null takes a limit, an expiry or a
/// list of models away; `DELETE keys/ID` revokes.
public final class KeysResource: AdministrationResource {
    /// Keys in one answer.
    static let pageLimit = 400

    public let name = "keys"
    private let store: AdministrationStore

    public init(store: AdministrationStore) {
        self.store = store
    }

    public func reply(
        to request: AdministrationRequest, path: ArraySlice<String>
    ) throws(AdministrationFailure) -> AdministrationReply {
        var fields = try RequestFields(request.body)
        guard let text = path.first else {
            switch request.method {
            case .post: return try self.create(&fields)
            case .get: return try self.list(&fields)
            case .patch, .delete: throw .methodNotAllowed
            }
        }
        guard path.count == 1 else { throw .unknownURL }
        guard let id = EntityID(text: text, .key) else { throw .notFound("that is no id of a key") }
        switch request.method {
        case .get:
            try fields.end()
            let key = try self.store.key(id)
            return AdministrationReply { Self.write(key, to: &$0) }
        case .patch: return try self.update(id, &fields)
        case .delete:
            try fields.end()
            let key = try self.store.revokeKey(id)
            return AdministrationReply { Self.write(key, to: &$0) }
        case .post: throw .methodNotAllowed
        }
    }

    private func create(_ fields: inout RequestFields) throws(AdministrationFailure) -> AdministrationReply {
        let new = AdministrationStore.NewKey(
            name: try EntityName.checked(fields.text("name"), "name"),
            project: try fields.text("project") ?? "default",
            limits: try Self.limits(&fields),
            expires: try fields.time("expires"),
            models: try fields.models())
        try fields.end()
        let (key, secret) = try self.store.createKey(new)
        return AdministrationReply(status: 201) { writer in
            writer.key("key")
            writer.string(secret.withBytes { $0 })
            Self.write(key, to: &writer)
        }
    }

    private func list(_ fields: inout RequestFields) throws(AdministrationFailure) -> AdministrationReply {
        let project = try fields.text("project")
        let name = try fields.text("name")
        var after: EntityID?
        if let text = try fields.text("after") {
            guard let id = EntityID(text: text, .key) else { throw .invalid("after must be the id of a key") }
            after = id
        }
        let limit = Int(min(max(1, try fields.count("limit") ?? Int64(Self.pageLimit)), Int64(Self.pageLimit)))
        try fields.end()
        // One more than asked for tells whether there are more.
        let keys = try self.store.keys(after: after, limit: limit + 1, project: project, name: name)
        let page = keys.prefix(min(limit, ModelListPage.count(keys.map(\.models))))
        let next = page.count < keys.count ? page.last?.id.text(.key) : nil
        return AdministrationReply(page: page, next: next) { Self.write($0, to: &$1) }
    }

    private func update(
        _ id: EntityID, _ fields: inout RequestFields
    ) throws(AdministrationFailure) -> AdministrationReply {
        var edits: [(inout KeyRecord) -> Void] = []
        if fields.has("name") {
            let name = try EntityName.checked(fields.text("name"), "name")
            edits.append { $0.name = name }
        }
        for (kind, value) in try fields.limits() { edits.append { $0.limits[kind] = value } }
        if fields.has("expires") {
            let value = try fields.time("expires")
            edits.append { $0.expires = value }
        }
        if fields.has("models") {
            let models = try fields.models()
            edits.append { $0.models = models }
        }
        try fields.end()
        guard !edits.isEmpty else { throw .invalid("there is nothing to change") }
        let key = try self.store.updateKey(id) { record in for edit in edits { edit(&record) } }
        return AdministrationReply { Self.write(key, to: &$0) }
    }

    private static func limits(_ fields: inout RequestFields) throws(AdministrationFailure) -> LimitSet {
        var limits = LimitSet()
        for (kind, value) in try fields.limits() { limits[kind] = value }
        return limits
    }

    /// The members of a key, without the key.
    private static func write(_ key: KeyRecord, to writer: inout JSONWriter) {
        writer.key("id")
        writer.string(key.id.text(.key))
        writer.key("name")
        writer.string(key.name)
        writer.key("project")
        writer.string(key.projectName)
        writer.key("project_id")
        writer.string(key.project.text(.project))
        writer.key("prefix")
        writer.string(key.shown)
        writer.members(of: key.limits)
        writer.member(models: key.models)
        for (name, time) in [("created", key.created), ("expires", key.expires), ("revoked", key.revoked)] {
            writer.key(Array(name.utf8))
            if let time { writer.string(TimeText.text(milliseconds: time)) } else { writer.null() }
        }
    }
}
