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

    private let store: AdministrationStore

    public init(store: AdministrationStore) {
        self.store = store
    }

    public var routes: [APIRoute] {
        let key = [APIParameter.path("key", .key)]
        return [
            APIRoute(
                .post, ["keys"], id: "createKey", summary: "Makes a key and shows it, this once.", tag: "keys",
                body: Self.newSchema, replies: [201: Self.createdSchema], handler: self.create),
            APIRoute(
                .get, ["keys"], id: "listKeys", summary: "Lists keys, revoked ones too.", tag: "keys",
                parameters: [
                    APIParameter("project", in: .query, .name, "Only keys of the project of this name."),
                    APIParameter("name", in: .query, .name, "Only keys of this name."),
                    .after(.id(.key)), .limit(Self.pageLimit),
                ], replies: [200: .page(Self.schema)], handler: self.list),
            APIRoute(
                .get, ["keys", "{key}"], id: "getKey", summary: "Shows a key.", tag: "keys", parameters: key,
                replies: [200: Self.schema], handler: self.get),
            APIRoute(
                .patch, ["keys", "{key}"], id: "updateKey", summary: "Changes a key.", tag: "keys", parameters: key,
                body: Self.changeSchema, replies: [200: Self.schema], handler: self.update),
            APIRoute(
                .delete, ["keys", "{key}"], id: "revokeKey", summary: "Revokes a key for good.", tag: "keys",
                parameters: key, replies: [200: Self.schema], handler: self.revoke),
        ]
    }

    private static let newSchema = APISchema.named(
        "NewKey",
        .object(
            [
                .init("name", .name), .init("project", .nullable(.name), required: false),
                .init("expires", .nullable(.time), required: false), .init("models", .models, required: false),
            ] + APISchema.Member.limits))
    private static let changeSchema = APISchema.named(
        "KeyChange",
        .object(
            [
                .init("name", .name, required: false), .init("expires", .nullable(.time), required: false),
                .init("models", .models, required: false),
            ] + APISchema.Member.limits))
    private static let schema = APISchema.named("Key", .object(members))
    private static let createdSchema = APISchema.named(
        "CreatedKey", .object([.init("key", .string(), "The key: kept nowhere.")] + members))
    private static let members: [APISchema.Member] =
        [
            .init("id", .id(.key)), .init("name", .string()), .init("project", .string()),
            .init("project_id", .id(.project)), .init("prefix", .string()),
        ] + APISchema.Member.shownLimits + [
            .init("models", .nullable(.array(.string()))), .init("created", .timestamp),
            .init("expires", .nullable(.timestamp)), .init("revoked", .nullable(.timestamp)),
        ]

    private func get(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.readKeys, in: .gateway)
        let key = try self.store.key(call.id("key", .key, absent: Self.noID))
        return AdministrationReply { Self.write(key, to: &$0) }
    }

    private func revoke(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.changeKeys, in: .gateway)
        let key = try self.store.revokeKey(call.id("key", .key, absent: Self.noID))
        return AdministrationReply { Self.write(key, to: &$0) }
    }

    private static let noID = AdministrationFailure.notFound("that is no id of a key")

    private func create(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.changeKeys, in: .gateway)
        let new = AdministrationStore.NewKey(
            name: try EntityName.checked(call.fields.text("name"), "name"),
            project: try call.fields.text("project") ?? "default",
            limits: try Self.limits(&call.fields),
            expires: try call.fields.time("expires"),
            models: try call.fields.models())
        try call.fields.end()
        let (key, secret) = try self.store.createKey(new)
        return AdministrationReply(status: 201) { writer in
            writer.key("key")
            writer.string(secret.withBytes { $0 })
            Self.write(key, to: &writer)
        }
    }

    private func list(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.readKeys, in: .gateway)
        let project = try call.fields.text("project")
        let name = try call.fields.text("name")
        var after: EntityID?
        if let text = try call.fields.text("after") {
            guard let id = EntityID(text: text, .key) else { throw .unusable("after", "after must be the id of a key") }
            after = id
        }
        let limit = Int(min(max(1, try call.fields.count("limit") ?? Int64(Self.pageLimit)), Int64(Self.pageLimit)))
        try call.fields.end()
        // One more than asked for tells whether there are more.
        let keys = try self.store.keys(after: after, limit: limit + 1, project: project, name: name)
        let page = keys.prefix(min(limit, ModelListPage.count(keys.map(\.models))))
        let next = page.count < keys.count ? page.last?.id.text(.key) : nil
        return AdministrationReply(page: page, next: next) { Self.write($0, to: &$1) }
    }

    private func update(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.changeKeys, in: .gateway)
        let id = try call.id("key", .key, absent: Self.noID)
        var edits: [(inout KeyRecord) -> Void] = []
        if call.fields.has("name") {
            let name = try EntityName.checked(call.fields.text("name"), "name")
            edits.append { $0.name = name }
        }
        for (kind, value) in try call.fields.limits() { edits.append { $0.limits[kind] = value } }
        if call.fields.has("expires") {
            let value = try call.fields.time("expires")
            edits.append { $0.expires = value }
        }
        if call.fields.has("models") {
            let models = try call.fields.models()
            edits.append { $0.models = models }
        }
        try call.fields.end()
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
