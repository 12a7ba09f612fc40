import Domain
import JSON

/// `tokens`: what programs and people come to the administration with.
public final class TokensResource: AdministrationResource {
    /// Tokens in one answer.
    static let pageLimit = 400

    private let store: AdministrationStore

    public init(store: AdministrationStore) {
        self.store = store
    }

    public var routes: [APIRoute] {
        let token = [APIParameter.path("token", .token)]
        return [
            APIRoute(
                .post, ["tokens"], id: "createToken",
                summary: "Makes a token of the administration and shows it, this once.", tag: "tokens",
                body: .named(
                    "NewToken",
                    .object([
                        .init("name", .name), .init("role", .role),
                        .init(
                            "organization", .nullable(.id(.organization)), required: false,
                            "The one it is good for; null for all of them. That of who asks where it is missing."),
                        .init(
                            "expires", .nullable(.time), required: false,
                            "At the latest when the token of who asks does, which is what it is where it is missing."),
                    ])),
                replies: [
                    201: .named(
                        "CreatedToken",
                        .object([.init("token", .string(), "The token: kept nowhere.")] + TokenRecord.members))
                ], handler: self.create),
            APIRoute(
                .get, ["tokens"], id: "listTokens", summary: "Lists tokens, revoked ones too.", tag: "tokens",
                parameters: [
                    APIParameter("org", in: .query, .id(.organization), "Only those of this organization."),
                    .after(.id(.token)), .limit(Self.pageLimit),
                ], replies: [200: .page(Self.schema)], handler: self.list),
            APIRoute(
                .get, ["tokens", "{token}"], id: "getToken", summary: "Shows what is known of a token.", tag: "tokens",
                parameters: token, replies: [200: Self.schema], handler: self.get),
            APIRoute(
                .patch, ["tokens", "{token}"], id: "updateToken", summary: "Changes a token.", tag: "tokens",
                parameters: token,
                body: .named(
                    "TokenChange",
                    .object([
                        .init("name", .name, required: false), .init("role", .role, required: false),
                        .init("expires", .nullable(.time), required: false),
                    ])), replies: [200: Self.schema], handler: self.update),
            APIRoute(
                .delete, ["tokens", "{token}"], id: "revokeToken", summary: "Revokes a token for good.",
                tag: "tokens", parameters: token, replies: [200: Self.schema], handler: self.revoke),
        ]
    }

    private static let schema = APISchema.named("Token", .object(TokenRecord.members))

    private func create(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let name = try EntityName.checked(call.fields.text("name"), "name")
        let role = try Self.role(&call.fields)
        var organization = call.actor.home
        if call.fields.has("organization") {
            organization = try call.fields.text("organization").map { text throws(AdministrationFailure) in
                guard let id = EntityID(text: text, .organization) else {
                    throw call.fields.unusable("organization", "the id of an organization, or null")
                }
                return id
            }
        }
        let end = try self.end(of: call.actor)
        let expires = call.fields.has("expires") ? try call.fields.time("expires") : end
        try call.fields.end()
        guard let role else { throw .invalid("role is missing", field: "role") }
        let absent = AdministrationFailure.noOrganization
        try call.require(.changeTokens, in: Self.scope(organization), absent: absent)
        guard AdministrationPolicy.mayGrant(call.actor, role, in: organization) else { throw .forbidden }
        try Self.require(expires, by: end)
        if let organization { _ = try self.store.organization(organization) }
        return Self.created(
            try self.store.createToken(
                AdministrationStore.NewToken(name: name, role: role, organization: organization, expires: expires),
                from: call.origin, answer: Self.created))
    }

    private func list(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let organization = try call.organizationFilter("org")
        let after = try call.fields.id("after", .token)
        let limit = try call.fields.pageSize(Self.pageLimit)
        try call.fields.end()
        try call.require(.readTokens, in: Self.scope(organization))
        return AdministrationReply(
            found: try self.store.tokens(after: after, limit: limit + 1, organization: organization), limit: limit)
    }

    private func get(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.fields.end()
        return AdministrationReply(try self.find(call, .readTokens))
    }

    private func update(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let before = try self.find(call, .changeTokens)
        try call.requireMatch(version: before.version)
        guard before.revoked == nil else {
            throw AdministrationFailure(status: 409, code: "token_revoked", message: "this token is revoked")
        }
        var token = before
        var isChanged = false
        if call.fields.has("name") {
            token.name = try EntityName.checked(call.fields.text("name"), "name")
            isChanged = true
        }
        if let role = try Self.role(&call.fields) {
            token.role = role
            isChanged = true
        }
        if call.fields.has("expires") {
            token.expires = try call.fields.time("expires")
            isChanged = true
        }
        try call.fields.end()
        // Neither what it was nor what it becomes may be more than who asks has.
        guard AdministrationPolicy.mayGrant(call.actor, max(before.role, token.role), in: token.organization) else {
            throw .forbidden
        }
        if token.expires != before.expires { try Self.require(token.expires, by: self.end(of: call.actor)) }
        guard isChanged else { return AdministrationReply(before) }
        return AdministrationReply(try self.store.updateToken(token, before: before, .update, from: call.origin))
    }

    private func revoke(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.fields.end()
        let before = try self.find(call, .changeTokens)
        try call.requireMatch(version: before.version)
        guard AdministrationPolicy.mayGrant(call.actor, before.role, in: before.organization) else { throw .forbidden }
        guard before.revoked == nil else { return AdministrationReply(before) }
        var token = before
        token.revoked = self.store.clock()
        return AdministrationReply(try self.store.updateToken(token, before: before, .revoke, from: call.origin))
    }

    // MARK: -

    /// The token of the path. One of another organization, or of all of them for who sees only one, is as absent as one that never was.
    private func find(
        _ call: AdministrationCall, _ action: AdministrationAction
    ) throws(AdministrationFailure) -> TokenRecord {
        let token = try self.store.token(call.id("token", .token, absent: .noToken))
        if let home = call.actor.home, token.organization != home { throw .noToken }
        try call.require(action, in: Self.scope(token.organization), absent: .noToken)
        return token
    }

    /// When the token of who asks ends, in milliseconds since 1970; nil for never.
    private func end(of actor: AdministrationActor) throws(AdministrationFailure) -> UInt64? {
        guard case .token(let id, _, _, _) = actor else { return nil }
        return try self.store.token(id).expires
    }

    /// Nobody gives a token a longer life than his own has: not to another one, and not to his own.
    private static func require(_ expires: UInt64?, by end: UInt64?) throws(AdministrationFailure) {
        guard let end, expires.map({ $0 > end }) ?? true else { return }
        throw AdministrationFailure(
            status: 403, code: "forbidden",
            message: "your own token ends at \(TimeText.text(milliseconds: end)): it gives no other a later end",
            field: "expires")
    }

    private static func scope(_ organization: EntityID?) -> AdministrationScope {
        organization.map { .organization($0) } ?? .gateway
    }

    private static func role(_ fields: inout RequestFields) throws(AdministrationFailure) -> AdministrationRole? {
        guard let text = try fields.text("role") else { return nil }
        guard let role = AdministrationRole.allCases.first(where: { $0.name.utf8.elementsEqual(text.utf8) }) else {
            throw fields.unusable("role", "one of \(AdministrationRole.allCases.map(\.name).joined(separator: ", "))")
        }
        return role
    }

    private static func created(_ made: AdministrationStore.MadeToken) -> AdministrationReply {
        let location = "\(AdministrationRequest.root)tokens/\(made.record.id.text(.token))"
        return AdministrationReply(status: 201, version: made.record.version, location: location) { writer in
            writer.key("token")
            writer.string(made.secret.withBytes { $0 })
            made.record.write(to: &writer)
        }
    }
}
