import Domain
import JSON

/// `keys`: make, list, show, change, regenerate and revoke client keys.
///
/// Who makes or regenerates a key gets the member `key`, the only time it is shown. A change takes the members that are there; null takes a limit,
/// an expiry, a list of models, tags or metadata away. `projects/{project}/keys` is the same for one project.
public final class KeysResource: AdministrationResource {
    /// Keys in one answer.
    static let pageLimit = 400
    /// Seconds that a former secret may stay good: 30 days.
    static let longestOverlap: Int64 = 30 * 86_400

    private let store: AdministrationStore

    public init(store: AdministrationStore) {
        self.store = store
    }

    public var routes: [APIRoute] {
        let key = [APIParameter.path("key", .key)]
        let project = [APIParameter.path("project", .project)]
        let ofProject = Self.newMembers.filter { $0.name != "project" }
        return [
            APIRoute(
                .post, ["keys"], id: "createKey", summary: "Makes a key and shows it, this once.", tag: "keys",
                body: .named("NewKey", .object(Self.newMembers)), replies: [201: Self.createdSchema],
                handler: self.create),
            APIRoute(
                .get, ["keys"], id: "listKeys", summary: "Lists keys, revoked ones too.", tag: "keys",
                parameters: [
                    APIParameter("project", in: .query, .name, "Only keys of this project: its id or its name.")
                ] + Self.filters, replies: [200: .page(Self.schema)], handler: self.list),
            APIRoute(
                .get, ["keys", "{key}"], id: "getKey", summary: "Shows a key.", tag: "keys", parameters: key,
                replies: [200: Self.schema], handler: self.get),
            APIRoute(
                .patch, ["keys", "{key}"], id: "updateKey", summary: "Changes a key.", tag: "keys", parameters: key,
                body: .named("KeyChange", .object(Self.changeMembers)), replies: [200: Self.schema],
                handler: self.update),
            APIRoute(
                .delete, ["keys", "{key}"], id: "revokeKey", summary: "Revokes a key for good.", tag: "keys",
                parameters: key, replies: [200: Self.schema], handler: self.revoke),
            APIRoute(
                .post, ["keys", "{key}", "regenerate"], id: "regenerateKey",
                summary: "Gives a key another secret and shows it, this once; the former one is good a while longer.",
                tag: "keys", parameters: key,
                body: .named(
                    "KeyRegeneration",
                    .object([
                        .init(
                            "overlap_seconds", .nullable(.integer(0...Self.longestOverlap)), required: false,
                            "How long the former secret stays good; 0 where it is not said.")
                    ])), replies: [200: Self.createdSchema], handler: self.regenerate),
            APIRoute(
                .post, ["projects", "{project}", "keys"], id: "createProjectKey",
                summary: "Makes a key of a project and shows it, this once.", tag: "keys", parameters: project,
                body: .named("NewProjectKey", .object(ofProject)), replies: [201: Self.createdSchema],
                handler: self.create),
            APIRoute(
                .get, ["projects", "{project}", "keys"], id: "listProjectKeys", summary: "Lists keys of a project.",
                tag: "keys", parameters: project + Self.filters, replies: [200: .page(Self.schema)],
                handler: self.list),
        ]
    }

    private static let commonMembers: [APISchema.Member] =
        [
            .init("expires", .nullable(.time), required: false), .init("models", .models, required: false),
            .init("tags", .nullable(.tags), required: false),
            .init("disabled", .nullable(.boolean), required: false),
        ] + APISchema.Member.limits
    private static let newMembers: [APISchema.Member] =
        [
            .init("name", .name),
            .init("project", .nullable(.name), required: false, "Its id or its name; default where it is missing."),
            .init("metadata", .nullable(.newMetadata), required: false),
        ] + commonMembers
    private static let changeMembers: [APISchema.Member] =
        [
            .init("name", .name, required: false), .init("metadata", .nullable(.metadataChange), required: false),
        ] + commonMembers
    private static let schema = APISchema.named("Key", .object(KeyRecord.members))
    private static let createdSchema = APISchema.named(
        "CreatedKey", .object([.init("key", .string(), "The key: kept nowhere.")] + KeyRecord.members))
    private static let filters: [APIParameter] = [
        APIParameter("name", in: .query, .name, "Only keys of this name."),
        APIParameter("tag", in: .query, .name, "Only keys with this tag."),
        APIParameter("revoked", in: .query, .boolean, "Only keys that are revoked, or that are not."),
        .after(.id(.key)), .limit(pageLimit),
    ]

    // MARK: Handlers

    private func create(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let named = try Self.project(&call)
        let new = AdministrationStore.NewKey(
            name: try EntityName.checked(call.fields.text("name"), "name"),
            limits: try Self.limits(&call.fields),
            expires: try call.fields.time("expires"),
            models: try call.fields.models(),
            tags: try call.fields.tags(),
            metadata: try call.fields.metadata(),
            isDisabled: try call.fields.flag("disabled"))
        try call.fields.end()
        let project = try self.project(named ?? "default", call, .changeKeys)
        var owned = new
        owned.project = project.id.text(.project)
        return Self.created(try self.store.createKey(owned, from: call.origin, answer: Self.created))
    }

    private func list(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let isOfPath = call.segments["project"] != nil
        let named = try Self.project(&call)
        var selection = KeySelection(
            organization: call.actor.home, name: try call.fields.text("name"), tag: try call.fields.text("tag"))
        if call.fields.has("revoked") { selection.isRevoked = try call.fields.flag("revoked") }
        let after = try call.fields.id("after", .key)
        let limit = try call.fields.pageSize(Self.pageLimit)
        try call.fields.end()
        if let named {
            selection.project = try self.project(named, call, .readKeys, absent: isOfPath ? .noProject : nil).id
        } else {
            try call.require(.readKeys, in: call.actor.home.map { .organization($0) } ?? .gateway)
        }
        return AdministrationReply(
            found: try self.store.keys(after: after, limit: limit + 1, selection), limit: limit)
    }

    private func get(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.fields.end()
        return AdministrationReply(try call.key(of: self.store, .readKeys))
    }

    private func update(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let found = try call.key(of: self.store, .changeKeys)
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
        if call.fields.has("tags") {
            let tags = try call.fields.tags()
            edits.append { $0.tags = tags }
        }
        if call.fields.has("disabled") {
            let isDisabled = try call.fields.flag("disabled")
            edits.append { $0.isDisabled = isDisabled }
        }
        if call.fields.has("metadata") {
            let fields = call.fields
            _ = try call.fields.metadata(changing: found.metadata)
            edits.append { key in
                // What it was read with may have been changed since.
                var fields = fields
                key.metadata = (try? fields.metadata(changing: key.metadata)) ?? key.metadata
            }
        }
        try call.fields.end()
        guard !edits.isEmpty else { throw .invalid("there is nothing to change") }
        let key = try self.store.updateKey(found.id, from: call.origin, matching: Self.check(call)) { record in
            for edit in edits { edit(&record) }
        }
        return AdministrationReply(key)
    }

    private func revoke(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.fields.end()
        let found = try call.key(of: self.store, .changeKeys)
        return AdministrationReply(try self.store.revokeKey(found.id, from: call.origin, matching: Self.check(call)))
    }

    private func regenerate(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let seconds = try call.fields.count("overlap_seconds") ?? 0
        guard seconds <= Self.longestOverlap else {
            throw call.fields.unusable("overlap_seconds", "a whole number from 0 to \(Self.longestOverlap)")
        }
        try call.fields.end()
        let found = try call.key(of: self.store, .changeKeys)
        return Self.regenerated(
            try self.store.regenerateKey(
                found.id, overlap: UInt64(seconds) * 1000, from: call.origin, matching: Self.check(call),
                answer: Self.regenerated))
    }

    // MARK: -

    /// The project that is named, by id or by name, if the actor may do this in it.
    private func project(
        _ text: String, _ call: AdministrationCall, _ action: AdministrationAction,
        absent: AdministrationFailure? = nil
    ) throws(AdministrationFailure) -> ProjectRecord {
        let project: ProjectRecord
        do throws(AdministrationFailure) {
            project = try self.store.project(text, home: call.actor.home)
        } catch {
            throw error.status == 404 ? absent ?? error : error
        }
        try call.require(action, in: .organization(project.organization), absent: absent ?? .noProject)
        return project
    }

    /// What the path, else a member calls the project.
    private static func project(_ call: inout AdministrationCall) throws(AdministrationFailure) -> String? {
        if let id = call.segments["project"] { return id }
        return try call.fields.text("project")
    }

    private static func check(_ call: AdministrationCall) -> AdministrationStore.VersionCheck {
        { (version) throws(AdministrationFailure) in try call.requireMatch(version: version) }
    }

    private static func limits(_ fields: inout RequestFields) throws(AdministrationFailure) -> LimitSet {
        var limits = LimitSet()
        for (kind, value) in try fields.limits() { limits[kind] = value }
        return limits
    }

    private static func created(_ made: AdministrationStore.MadeKey) -> AdministrationReply {
        var reply = Self.regenerated(made)
        reply.status = 201
        reply.location = "\(AdministrationRequest.root)keys/\(made.record.id.text(.key))"
        return reply
    }

    private static func regenerated(_ made: AdministrationStore.MadeKey) -> AdministrationReply {
        AdministrationReply(version: made.record.version) { writer in
            writer.key("key")
            writer.string(made.secret.withBytes { $0 })
            made.record.write(to: &writer)
        }
    }
}
